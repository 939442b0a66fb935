"""The worker: the engine's side of the process boundary."""
