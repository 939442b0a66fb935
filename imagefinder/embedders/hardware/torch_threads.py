"""Import PyTorch so that its threads sleep while they wait for one another."""

import os
import sys

_SPINS = "GOMP_SPINCOUNT"
_SAID_BY_USER = (_SPINS, "OMP_WAIT_POLICY")
_SOME_SPINS = "1000"
"""Few enough that a loaded machine cost no more than with none at all (OMP_WAIT_POLICY=PASSIVE): 5.7 to 6.3 s of the
processor against 5.9 to 6.0 for the photographs below. On an idle machine it costs up to a tenth
(docs/PERFORMANCE.md)."""


def import_torch_with_patient_threads() -> None:
    """Import PyTorch, whose OpenMP then soon sleeps at the end of each layer, unless the user has said otherwise.

    By itself GCC's OpenMP turns idly 300,000 times first, some milliseconds, while the thread that it waits for is put
    off the processor by those that decode pictures, or by another program: indexing 83 photographs with the starter
    model on two cores that others used too took 12 to 17 s of the processor so, and 50 to 69 s in all; and 6 s, and 25
    to 27 s in all, like this. It reads its environment when it is loaded; libraries that are loaded later find that as
    it was. Elsewhere than on Linux, PyTorch brings another OpenMP.
    """
    if sys.platform != "linux" or "torch" in sys.modules or not os.environ.keys().isdisjoint(_SAID_BY_USER):
        import torch

        return
    os.environ[_SPINS] = _SOME_SPINS
    try:
        import torch  # noqa: F401 - libgomp reads the variable when it is loaded
    finally:
        # Another thread may import it at the same time.
        os.environ.pop(_SPINS, None)
