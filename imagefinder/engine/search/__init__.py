"""Answering queries: encoding, ranking, relevance, result lists."""
