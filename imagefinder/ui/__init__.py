"""The desktop window. It knows the engine by messages only."""
