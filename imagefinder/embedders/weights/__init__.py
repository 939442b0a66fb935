"""Reading weights files, none of which is trusted."""
