"""TinyViT's attention biases for smaller windows than they were trained with."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", bound=np.generic)


def sub_table(biases: npt.NDArray[_Number], cells: int) -> npt.NDArray[_Number]:
    """Extract the biases for a smaller window: (heads, W·W) to (heads, cells).

    The table has a bias for each offset (down, right) between two cells, at ``down * W + right``. All offsets in a
    smaller window of w·w = ``cells`` also occur in the larger one, so its table is a corner of the larger table.

    Raises:
        ValueError: The window is not square, or larger than the trained one.
    """
    heads, trained_cells = biases.shape
    trained, side = round(trained_cells**0.5), round(cells**0.5)
    if trained**2 != trained_cells or side**2 != cells or side > trained:
        raise ValueError(f"no window of {cells} cells in one of {trained_cells}")
    return biases.reshape(heads, trained, trained)[:, :side, :side].reshape(heads, cells)
