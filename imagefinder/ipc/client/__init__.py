"""The window's side of the process boundary."""
