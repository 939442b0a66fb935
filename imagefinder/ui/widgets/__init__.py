"""Reusable widgets, icons and the theme. They import no other room."""
