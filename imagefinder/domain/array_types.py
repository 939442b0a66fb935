"""Array types for annotations.

NumPy is not imported at run time: importing it takes longer than a job that finds nothing new.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    FloatArray = NDArray[np.float32]
    IdArray = NDArray[np.int64]
    Pixels = NDArray[np.uint8]
    AnyArray = NDArray[Any]
else:
    FloatArray = IdArray = Pixels = AnyArray = Any
