"""The vector index in use, the fair lock around it, and thread priorities."""
