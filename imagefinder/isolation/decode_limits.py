"""Limits of processor time and memory for decoding one file."""

import io
import math
import os
import sys
from dataclasses import dataclass, replace
from typing import BinaryIO

from imagefinder.readers.reservations import room

_PATIENCE_S = 10.0
_QUERY_PATIENCE_S = 3.0
_QUERY_BYTES_A_SECOND = 5e6
"""Measured: JPEG 2000, the slowest format, took 4.3 s for 20 MB (67 megapixels), and AVIF, the densest, 1.3 s for 9 MB
(48 megapixels)."""
_LEAST_MEMORY = 256 * 2**20


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Limits for decoding one file. ``for_file`` raises the limits of time for large files."""

    seconds: float = 30.0
    """Processor time for opening a file, and for each of its parts."""
    wasted_seconds: float = 45.0
    """Processor time without a result for a whole file: the total of the attempts that failed."""
    total_seconds: float = math.inf
    """Processor time for a whole file."""
    bytes_a_second: float = 20e6
    """Rate by which ``for_file`` extends the limits. It is slow for any decoder."""
    wall_factor: float = 10.0
    """Allowed wall-clock time as a multiple of ``seconds``. Low-priority work on a busy machine runs rarely."""
    memory: int = 2 * 2**30
    """Bytes beyond those of the decoder itself. A picture whose header requires more may reserve more."""

    def memory_now(self, decoders: int) -> int:
        """Return the memory limit in bytes for one of ``decoders`` decoders, given the free memory."""
        return max(min(self.memory, room() // max(decoders, 1)), min(_LEAST_MEMORY, self.memory))

    def for_file(self, content: BinaryIO) -> "DecodeLimits":
        """Return these limits with extra time by the size of the file. Holes in a sparse file do not count."""
        extra = _size_on_disk(content) / self.bytes_a_second
        return replace(
            self,
            seconds=self.seconds + extra,
            wasted_seconds=self.wasted_seconds + extra,
            total_seconds=self.total_seconds + extra,
        )


def limits_here() -> DecodeLimits:
    """Return the default limits, with changes that tests make by environment variables.

    ``IMAGEFINDER_DECODER_SECONDS`` sets ``seconds`` (and ``wasted_seconds`` to 1.5 times its value),
    ``IMAGEFINDER_DECODER_MEGABYTES`` sets ``memory``.
    """
    usual = DecodeLimits()
    seconds = _number("IMAGEFINDER_DECODER_SECONDS", usual.seconds)
    megabytes = _number("IMAGEFINDER_DECODER_MEGABYTES", usual.memory / 2**20)
    return replace(usual, seconds=seconds, wasted_seconds=seconds * 1.5, memory=int(megabytes * 2**20))


def limits_for_who_waits() -> DecodeLimits:
    """Return the limits for a preview, which the user is waiting for."""
    usual = limits_here()
    return replace(
        usual,
        seconds=min(usual.seconds, _PATIENCE_S),
        wasted_seconds=min(usual.wasted_seconds, _PATIENCE_S * 1.5),
    )


def limits_for_queries() -> DecodeLimits:
    """Return the limits for a query picture, which may come from an untrusted source while the search waits for it.

    Time is allowed by file size, not by pixels, because a hostile file may declare any number of pixels.
    """
    usual = limits_here()
    seconds = min(usual.seconds, _QUERY_PATIENCE_S)
    return replace(
        usual,
        seconds=seconds,
        wasted_seconds=seconds,
        total_seconds=seconds,
        bytes_a_second=_QUERY_BYTES_A_SECOND,
    )


def _number(variable: str, otherwise: float) -> float:
    try:
        return float(os.environ.get(variable, ""))
    except ValueError:
        return otherwise


def _size_on_disk(content: BinaryIO) -> int:
    if isinstance(content, io.BytesIO):
        return content.getbuffer().nbytes
    found = os.fstat(content.fileno())
    return found.st_size if sys.platform == "win32" else min(found.st_size, found.st_blocks * 512)
