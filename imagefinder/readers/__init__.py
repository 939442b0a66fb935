"""Readers: decode files into pictures and words, a reader for each family of formats."""
