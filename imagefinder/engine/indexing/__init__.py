"""Indexing jobs: scan, decode, embed, commit."""
