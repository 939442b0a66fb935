"""Formats and variants of formats that Pillow does not read or misreads."""
