"""Settings dialog, with a module for each page."""
