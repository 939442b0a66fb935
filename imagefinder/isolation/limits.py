"""How much of the processor and of the memory decoding one file may take."""

import io
import os
import sys
from dataclasses import dataclass, replace
from typing import BinaryIO

from imagefinder.readers.reservations import room

_BYTES_A_SECOND = 20e6
"""A large file may take longer: so many bytes a second are slow for any decoder."""
_PATIENCE_S = 10.0
_LEAST_MEMORY = 256 * 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one decoder."""

    seconds: float = 30.0
    """Of the processor, for opening a file and for each of its parts; more for a large file."""
    wasted_seconds: float = 45.0
    """Of the processor, that opening a file and its parts may take in vain, all in all; more for a large file."""
    wall_factor: float = 10.0
    """Times ``seconds`` by the clock: work that stands behind all other on a busy machine gets few of them."""
    memory: int = 2 * 2**30
    """Bytes beyond what the decoder itself takes. A picture whose header says that it takes more may get more."""

    def memory_now(self, decoders: int) -> int:
        """Bytes for one of so many decoders, by what is free."""
        return max(min(self.memory, room() // max(decoders, 1)), min(_LEAST_MEMORY, self.memory))


def limits_here() -> Limits:
    """The limits in force: those of this program, unless tests set others by the environment.

    ``IMAGEFINDER_DECODER_SECONDS`` is ``seconds`` (and two thirds of ``wasted_seconds``),
    ``IMAGEFINDER_DECODER_MEGABYTES`` the memory.
    """
    usual = Limits()
    seconds = _number("IMAGEFINDER_DECODER_SECONDS", usual.seconds)
    megabytes = _number("IMAGEFINDER_DECODER_MEGABYTES", usual.memory / 2**20)
    return Limits(seconds, seconds * 1.5, usual.wall_factor, int(megabytes * 2**20))


def limits_for_who_waits() -> Limits:
    """Those of a preview or of a query's picture, which somebody looks at the window for."""
    usual = limits_here()
    return replace(
        usual,
        seconds=min(usual.seconds, _PATIENCE_S),
        wasted_seconds=min(usual.wasted_seconds, _PATIENCE_S * 1.5),
    )


def _number(variable: str, otherwise: float) -> float:
    try:
        return float(os.environ.get(variable, ""))
    except ValueError:
        return otherwise


def extra_seconds(content: BinaryIO) -> float:
    """How much longer a file may take than a small one. Holes in a file count for nothing."""
    if isinstance(content, io.BytesIO):
        size = content.getbuffer().nbytes
    else:
        found = os.fstat(content.fileno())
        size = found.st_size
        if sys.platform != "win32":
            size = min(size, found.st_blocks * 512)
    return size / _BYTES_A_SECOND
