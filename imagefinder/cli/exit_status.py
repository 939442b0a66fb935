"""Exit statuses of the command line."""

FOUND = 0
"""Success; for a search, something was found."""
NOTHING_FOUND = 1
"""A search found nothing."""
WRONG = 2
"""An error, explained by one line on standard error."""
INTERRUPTED = 130
"""Stopped by Ctrl-C: 128 + SIGINT, as in shells."""
