"""The vector index in use, with its lock and thread priorities."""
