"""Number of NumPy threads, for processes that multiply only small matrices to answer queries."""

import os

_THREADS = "OPENBLAS_NUM_THREADS"


def import_numpy_with_one_thread() -> None:
    """Import NumPy with one OpenBLAS thread, unless OPENBLAS_NUM_THREADS is set.

    Must be called before anything else imports NumPy. Later calls have no effect. The environment is
    restored, so libraries loaded later are not affected.

    A query multiplies a few small matrices, which more threads hardly speed up. On the other hand, OpenBLAS's
    threads spin between two products and wait for each other. This doubles the time of a query in a new
    process if the processor has other work too (0.31 s and 0.58 s on two cores), and a text takes seconds to
    embed during indexing (ViT-B-32: with two threads 26 to 35 ms at rest and 2.2 s beside indexing, with one
    thread 45 to 53 ms in both cases).
    """
    if _THREADS in os.environ:
        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: F401 - OpenBLAS reads the variable when it is loaded
    finally:
        del os.environ[_THREADS]
