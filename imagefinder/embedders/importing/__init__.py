"""Importing a model from a file or folder of the user's."""
