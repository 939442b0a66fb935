"""Which models exist: published, downloadable, in the hub cache, and in the model store."""
