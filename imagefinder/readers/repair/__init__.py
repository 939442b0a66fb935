"""Repairing damaged files in memory, once the strict first try has failed."""
