"""What comes from outside: drops, the clipboard, links."""
