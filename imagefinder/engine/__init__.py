"""Engine: libraries, indexing and searching. Neither imports Qt nor prints."""
