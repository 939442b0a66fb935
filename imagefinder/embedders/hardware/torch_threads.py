"""Import of PyTorch such that its threads sleep while waiting for each other."""

import os
import sys

_SPINS = "GOMP_SPINCOUNT"
_SAID_BY_USER = (_SPINS, "OMP_WAIT_POLICY")
_SOME_SPINS = "1000"
"""Iterations of busy waiting before a thread sleeps.

Few enough that, on a loaded machine, it costs no more than no busy waiting at all (OMP_WAIT_POLICY=PASSIVE):
5.7 to 6.3 s of processor time compared to 5.9 to 6.0 s for the photographs below. On an idle machine it costs
up to a tenth (docs/performance.md).
"""


def import_torch_with_patient_threads() -> None:
    """Import PyTorch with OpenMP threads that soon sleep at the end of each layer.

    Does nothing special if the user has configured this in the environment. On systems other than Linux,
    PyTorch uses another OpenMP.

    By default, GCC's OpenMP spins 300,000 times first, which takes some milliseconds, while the thread that
    it waits for is displaced from the processor by decoding threads or other programs. Indexing 83
    photographs with the starter model on two cores shared with other programs took 12 to 17 s of processor
    time and 50 to 69 s in all with the default, and 6 s and 25 to 27 s with this setting. OpenMP reads the
    environment when it is loaded. Afterwards the environment is restored for other libraries.
    """
    if sys.platform != "linux" or "torch" in sys.modules or not os.environ.keys().isdisjoint(_SAID_BY_USER):
        import torch

        return
    os.environ[_SPINS] = _SOME_SPINS
    try:
        import torch  # noqa: F401 - libgomp reads the variable when it is loaded
    finally:
        # Another thread may import torch at the same time and have removed the variable already.
        os.environ.pop(_SPINS, None)
