"""The vector index in use, and the locks and priorities around it."""
