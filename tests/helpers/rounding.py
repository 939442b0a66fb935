"""Bounds on the difference of float32 results that differ only in the order of their additions.

The order depends on the shapes of the arrays, the number of threads, the processor and the numerical library.
Tests therefore assert equality to the last bit only for results that the program computes in one fixed order.
"""

import math

import numpy as np

_UNIT_ROUNDOFF = float(np.finfo(np.float32).eps) / 2
_LAMBDA = 5.0
"""An error bound below is exceeded with a probability of at most 2 exp(-lambda^2 / 2): 1 in 130,000."""


def of_sums(terms: int, size: float = 1.0) -> float:
    """Return a bound on the difference of two sums of the same ``terms`` products.

    Each sum is off by at most lambda * sqrt(terms) * u * size, so the difference is at most twice that:
    Higham and Mary,
    "A New Approach to Probabilistic Rounding Error Analysis", SIAM J. Sci. Comput. 41 (2019). The
    deterministic bound
    has ``terms`` in place of lambda * sqrt(terms), and is not reached in practice.

    Args:
        terms: Number of products.
        size: Sum of the products' absolute values. At most 1 for a cosine, by the Cauchy-Schwarz inequality.
    """
    return 2 * _LAMBDA * math.sqrt(terms) * _UNIT_ROUNDOFF * size


NETWORK = 3e-6
"""Bound on the difference of an element of a unit vector computed by a small network in float32.

Ten times the largest difference found (2.6e-7) for the starter model and a tiny CLIP, among batches of 1 to
8, one and
two threads, and the kernels of OpenBLAS, MKL and oneDNN for SSE4, AVX2 and AVX-512.
"""
