"""Downloading models from a hub."""
