"""PDF pages and their words."""
