"""Catalogue of models: published by open_clip, downloadable, in the hub cache, and in the model store."""
