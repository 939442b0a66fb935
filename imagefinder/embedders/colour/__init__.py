"""The built-in embedder, which needs no weights: colour names, layout and edges."""
