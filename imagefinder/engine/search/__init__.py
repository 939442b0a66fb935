"""Searching: query encoding, ranking, relevance, groups and result lists."""
