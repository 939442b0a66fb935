"""Drag and drop, clipboard contents, and download of dropped links."""
