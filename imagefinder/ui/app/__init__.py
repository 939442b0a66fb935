"""Start-up and lifetime of the window's process."""
