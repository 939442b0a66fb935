"""Repair of damaged pictures in memory, after normal decoding has failed."""
