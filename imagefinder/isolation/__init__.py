"""Decoding in child processes, which can be limited, killed and blamed."""
