"""The embedder that needs no weights: colour names and layout."""
