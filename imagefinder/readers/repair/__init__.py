"""The second try at damaged files."""
