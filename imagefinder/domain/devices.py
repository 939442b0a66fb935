"""Names of the devices that models run on."""

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Accepted device names. ``auto`` selects the fastest device available."""
