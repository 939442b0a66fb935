"""The store: all SQL. The source of truth about sources, files, items, vectors and words."""
