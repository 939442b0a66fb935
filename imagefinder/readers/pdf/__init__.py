"""PDF pages: rendering, words, search on a page, repair."""
