"""The client: the window's side of the process boundary."""
