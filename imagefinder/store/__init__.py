"""All SQL: the truth about sources, files, items, vectors and words."""
