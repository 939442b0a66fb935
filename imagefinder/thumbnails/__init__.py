"""Disk caches of thumbnails and of rendered previews."""
