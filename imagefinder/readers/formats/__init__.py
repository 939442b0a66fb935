"""Formats, or variants of them, that Pillow does not read or reads wrongly."""
