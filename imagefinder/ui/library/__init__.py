"""The library panel: sources, jobs, unreadable files."""
