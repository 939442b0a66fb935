"""The subcommands of ``imagefinder``."""
