"""Reusable widgets, icons and the theme. This room imports no other room."""
