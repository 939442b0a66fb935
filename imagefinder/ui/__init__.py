"""The desktop window. It communicates with the engine through messages only."""
