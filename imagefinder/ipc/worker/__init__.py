"""The engine's side of the process boundary."""
