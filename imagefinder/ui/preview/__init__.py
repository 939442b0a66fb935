"""Preview window, which shows one result at a time."""
