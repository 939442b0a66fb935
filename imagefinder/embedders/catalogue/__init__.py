"""Models that are known, downloaded, or imported: where they are and what is said of them."""
