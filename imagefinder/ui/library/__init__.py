"""Library panel: sources, jobs and unreadable files."""
