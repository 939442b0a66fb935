"""PDF pages: rendering, text extraction, search on a page, repair."""
