"""Jobs that change the library: scan, read, embed, commit."""
