"""What is asked: words and pictures in one line."""
