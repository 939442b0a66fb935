"""Vector indexes: nearest-neighbour search, exact and approximate."""
