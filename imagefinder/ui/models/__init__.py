"""CLIP models in the window: list, download, import, switch, remove."""
