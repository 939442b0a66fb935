"""Number of NumPy's threads, for processes that multiply small matrices only: those of a query."""

import os

_THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy_with_one_thread() -> None:
    """Import NumPy with one OpenBLAS thread, unless OPENBLAS_NUM_THREADS is set.

    Call it before anything else imports NumPy; later it changes nothing.

    A question multiplies a few small matrices, which more threads make hardly faster; and OpenBLAS's own threads turn
    idly between two products and wait for one another, which doubles the time of a query in a new process where the
    processor has other work, too (0.31 s and 0.58 s on two cores), and takes seconds for one text while pictures are
    indexed (ViT-B-32: 26 to 35 ms at rest with two threads and 2.2 s beside indexing, 45 to 53 ms with one in both).
    Libraries that are loaded later find the environment as it was.
    """
    if _THREADS in os.environ:
        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: F401 - OpenBLAS reads the variable when it is loaded
    finally:
        del os.environ[_THREADS]
