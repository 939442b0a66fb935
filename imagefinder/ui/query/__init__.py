"""The query bar: words and pictures in one line."""
