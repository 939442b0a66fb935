"""Sources and jobs."""
