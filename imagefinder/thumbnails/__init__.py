"""Small pictures of items, in the user's cache folder."""
