"""Embedders: models that map pictures and texts to vectors in one space."""
