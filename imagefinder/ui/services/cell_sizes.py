"""Widths of a result's card in the grid, in points: a query remembers them, the grid keeps to them."""

CELL_SIZES = (96, 320)
"""The least and the most."""
DEFAULT_CELL_SIZE = 176
