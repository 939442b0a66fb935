"""Searching: query encoding, ranking, relevance, hit groups and result lists."""
