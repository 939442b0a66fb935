"""Decoding of untrusted files in child processes with limits."""
