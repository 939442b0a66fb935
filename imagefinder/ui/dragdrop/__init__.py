"""Drag and drop, the clipboard, and fetching dropped links."""
