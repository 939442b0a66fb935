"""Store: all SQL, and the source of truth about sources, files, items, vectors and words."""
