"""Loaded models, and switching a library to another model."""
