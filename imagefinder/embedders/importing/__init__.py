"""Importing a model that the user has as a file or a folder."""
