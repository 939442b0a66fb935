"""The desktop window. Knows the engine by messages only."""
