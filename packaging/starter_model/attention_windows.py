"""TinyViT's attention biases for windows of another size than they were trained with."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Number = TypeVar("_Number", bound=np.generic)


def sub_table(biases: npt.NDArray[_Number], cells: int) -> npt.NDArray[_Number]:
    """The biases for a smaller window: (heads, W·W) to (heads, cells).

    The table holds a bias for each distance (down, right) of two cells, at ``down * W + right``. A smaller window
    of w·w = ``cells`` has no distances that the larger one lacks, so its table is the larger one's corner.

    Raises:
        ValueError: the window is not square, or larger than the trained one.
    """
    heads, trained_cells = biases.shape
    trained, side = round(trained_cells**0.5), round(cells**0.5)
    if trained**2 != trained_cells or side**2 != cells or side > trained:
        raise ValueError(f"no window of {cells} cells in one of {trained_cells}")
    return biases.reshape(heads, trained, trained)[:, :side, :side].reshape(heads, cells)
