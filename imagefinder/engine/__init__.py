"""The engine: libraries, indexing and searching. No Qt, no printing."""
