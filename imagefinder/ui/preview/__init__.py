"""One result, large."""
