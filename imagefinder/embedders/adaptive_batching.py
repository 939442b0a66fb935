"""Adaptive batch size: measured on CUDA, halved when memory runs out."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.embedder import FloatArray
from imagefinder.translation import tr

_T = TypeVar("_T")

# Speed-up in items per second that justifies the memory of a batch twice as large.
_WORTHWHILE = 1.05


class AdaptiveBatching:
    """Runs a model in batches, and reduces the batch size after running out of memory."""

    def __init__(self, is_out_of_memory: Callable[[BaseException], bool], free: Callable[[], None]) -> None:
        """Create it. ``free`` must release memory that the allocator only caches."""
        self._is_out_of_memory = is_out_of_memory
        self._free = free
        self.most: int | None = None
        """Largest batch that fits into memory. None until memory has run out once."""

    def run(self, items: Sequence[_T], work: Callable[[Sequence[_T]], FloatArray]) -> FloatArray:
        """Return the rows that ``work`` computes for the items, in as few batches as fit into memory.

        Raises:
            ModelError: Not even a batch of one fits.
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
            # Outside of ``except``, where the exception would keep the memory of the failed batch alive.
            self._free()
            if size == 1:
                raise no_memory()
            self.most = size // 2
        import numpy as np

        return np.concatenate(rows)


def no_memory() -> ModelError:
    """Return the error for a model that does not fit into memory."""
    return ModelError(
        tr(
            "The memory does not suffice for this model. Nothing is lost. Close other programs, use a smaller "
            "model, or compute on the processor (in the settings, or --device cpu)."
        )
    )


def best_batch(measure: Callable[[int], float | None], least: int = 16, most: int = 256) -> int:
    """Return a fast batch size, doubling it as long as that gains at least 5 %.

    Args:
        measure: Returns the items per second at a batch size, or None if memory runs out.
        least: The batch size to start with.
        most: The largest batch size. Twice as many decoded items wait in memory.
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
