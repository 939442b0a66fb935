"""The orchestration: scanning, indexing, searching. No Qt, no printing."""
