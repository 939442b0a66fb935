"""How far two float32 results may lie apart that differ in the order of their additions alone.

Which order that is depends on the shapes of the arrays, the number of threads, the processor and the library that
computes: so equality to the last bit is asserted only of what the program itself computes in one fixed order.
"""

import math

import numpy as np

_UNIT_ROUNDOFF = float(np.finfo(np.float32).eps) / 2
_LAMBDA = 5.0
"""Each addition goes beyond the bound below with a probability of 2 exp(-lambda^2 / 2): 1 in 130,000."""


def of_sums(terms: int, size: float = 1.0) -> float:
    """How far two sums of the same ``terms`` products may differ, each off by at most half of it.

    ``size``: the sum of the products' absolute values; at most 1 for a cosine, by Cauchy and Schwarz. Each is off
    by at most lambda * sqrt(terms) * u * size: Higham and Mary, "A New Approach to Probabilistic Rounding Error
    Analysis", SIAM J. Sci. Comput. 41 (2019). (The bound that is certain has ``terms`` itself, and is not met in
    practice.)
    """
    return 2 * _LAMBDA * math.sqrt(terms) * _UNIT_ROUNDOFF * size


NETWORK = 3e-6
"""How far an element of a unit vector may differ that a small network computed in float32. Ten times what was found
for the starter model and a tiny CLIP among batches of 1 to 8, one and two threads, and the kernels of OpenBLAS, MKL
and oneDNN for SSE4, AVX2 and AVX-512 (2.6e-7)."""
