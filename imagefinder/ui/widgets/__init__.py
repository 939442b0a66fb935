"""Reusable widgets, icons and the theme. They know no other room."""
