"""Models in the window: list, download, import, switch and remove."""
