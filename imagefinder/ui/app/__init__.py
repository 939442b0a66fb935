"""Start-up, lifetime and shutdown of the window's process."""
