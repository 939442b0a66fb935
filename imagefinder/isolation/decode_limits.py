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
"""JPEG 2000, the slowest, took 4.3 s for 20 MB (67 megapixels); AVIF, the densest, 1.3 s for 9 MB (48 megapixels)."""
_LEAST_MEMORY = 256 * 2**20


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Of one decoder."""

    seconds: float = 30.0
    """Of the processor, for opening a file and for each of its parts; more for a large file."""
    wasted_seconds: float = 45.0
    """Of the processor, that opening a file and its parts may take in vain, all in all; more for a large file."""
    total_seconds: float = math.inf
    """Of the processor, for a file in all; more for a large one."""
    bytes_a_second: float = 20e6
    """A large file may take longer: so many bytes a second are slow for any decoder."""
    wall_factor: float = 10.0
    """Times ``seconds`` by the clock: work that stands behind all other on a busy machine gets few of them."""
    memory: int = 2 * 2**30
    """Bytes beyond what the decoder itself takes. A picture whose header says that it takes more may get more."""

    def memory_now(self, decoders: int) -> int:
        """Bytes for one of so many decoders, by what is free."""
        return max(min(self.memory, room() // max(decoders, 1)), min(_LEAST_MEMORY, self.memory))

    def for_file(self, content: BinaryIO) -> "DecodeLimits":
        """These, with what a large file may take longer than a small one. Holes in a file count for nothing."""
        extra = _size_on_disk(content) / self.bytes_a_second
        return replace(
            self,
            seconds=self.seconds + extra,
            wasted_seconds=self.wasted_seconds + extra,
            total_seconds=self.total_seconds + extra,
        )


def limits_here() -> DecodeLimits:
    """The limits in force: those of this program, unless tests set others by the environment.

    ``IMAGEFINDER_DECODER_SECONDS`` is ``seconds`` (and two thirds of ``wasted_seconds``),
    ``IMAGEFINDER_DECODER_MEGABYTES`` the memory.
    """
    usual = DecodeLimits()
    seconds = _number("IMAGEFINDER_DECODER_SECONDS", usual.seconds)
    megabytes = _number("IMAGEFINDER_DECODER_MEGABYTES", usual.memory / 2**20)
    return replace(usual, seconds=seconds, wasted_seconds=seconds * 1.5, memory=int(megabytes * 2**20))


def limits_for_who_waits() -> DecodeLimits:
    """Those of a preview, which somebody looks at the window for."""
    usual = limits_here()
    return replace(
        usual,
        seconds=min(usual.seconds, _PATIENCE_S),
        wasted_seconds=min(usual.wasted_seconds, _PATIENCE_S * 1.5),
    )


def limits_for_queries() -> DecodeLimits:
    """Those of a query's picture: its search waits for it, and it may come from anywhere.

    Time goes by the bytes, not by the pixels, of which a hostile file may claim any number.
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
