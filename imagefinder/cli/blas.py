"""NumPy for a process that asks one question and ends."""

import os

_THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy_with_one_thread() -> None:
    """Import NumPy so that its OpenBLAS computes in this thread alone, unless the user has said otherwise.

    A question multiplies a few small matrices, which more threads make no faster; and OpenBLAS's own threads turn
    idly between two products, which doubles the time of a query where the processor has other work, too (0.31 s and
    0.58 s on two cores). Libraries that are loaded later find the environment as it was.
    """
    if _THREADS in os.environ:
        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: F401 - OpenBLAS reads the variable when it is loaded
    finally:
        del os.environ[_THREADS]
