"""Cell widths of the results grid, in points, shared by the grid and the saved state of a search."""

CELL_SIZES = (96, 320)
"""Minimum and maximum."""
DEFAULT_CELL_SIZE = 176
