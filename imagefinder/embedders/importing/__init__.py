"""Importing a model from a file or folder."""
