"""Adaptive batch size: found by trial on CUDA, halved when memory runs out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.embedder import FloatArray
from imagefinder.translation import tr

_T = TypeVar("_T")

# A batch twice as large has to be worth the memory that it takes, in pictures a second.
_WORTHWHILE = 1.05


class AdaptiveBatching:
    """Feeds a model, with fewer at a time once its memory was full."""

    def __init__(self, is_out_of_memory: Callable[[BaseException], bool], free: Callable[[], None]) -> None:
        """``free`` gives memory back that is only kept for later."""
        self._is_out_of_memory = is_out_of_memory
        self._free = free
        self.most: int | None = None
        """How many at a time the memory allows; None while it was never full."""

    def run(self, items: Sequence[_T], work: Callable[[Sequence[_T]], FloatArray]) -> FloatArray:
        """What ``work`` makes of the items, one row each, all at once or in as few batches as fit.

        Raises:
            ModelError: not even one at a time fits.
        """
        rows: list[FloatArray] = []
        at = 0
        while at < len(items):
            size = min(self.most or len(items), len(items) - at)
            try:
                rows.append(work(items[at : at + size]))
                at += size
                continue
            except (RuntimeError, MemoryError) as error:
                if not self._is_out_of_memory(error):
                    raise
            # Not inside ``except``: there the error still holds what the work had in memory.
            self._free()
            if size == 1:
                raise no_memory()
            self.most = size // 2
        import numpy as np

        return np.concatenate(rows)


def no_memory() -> ModelError:
    """The sentence for a model that finds no memory to work in."""
    return ModelError(
        tr(
            "The memory does not suffice for this model. Nothing is lost. Close other programs, use a smaller "
            "model, or compute on the processor (in the settings, or --device cpu)."
        )
    )


def best_batch(measure: Callable[[int], float | None], least: int = 16, most: int = 256) -> int:
    """How many at a time are fast: twice as many as long as that brings 5 %.

    Args:
        measure: tells how many a second it does that many at a time; None where the memory does not suffice.
        least: where to begin.
        most: how many are enough in any case. Twice as many wait in memory, decoded.
    """
    size = least
    rate = measure(size)
    while rate is None and size > 1:
        size //= 2
        rate = measure(size)
    while rate is not None and least <= size <= most // 2:
        twice = measure(2 * size)
        if twice is None or twice < rate * _WORTHWHILE:
            break
        size, rate = 2 * size, twice
    return size
