"""What the program tells the one who called it."""

FOUND = 0
"""Done; of a search: something was found."""
NOTHING_FOUND = 1
WRONG = 2
"""A wrong call, or the environment does not allow it; one line on standard error says what."""
INTERRUPTED = 130
"""Ctrl-C: 128 + SIGINT, as shells have it."""
