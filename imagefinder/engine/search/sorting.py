"""Sort orders of hits other than relevance."""

import os
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from imagefinder.domain.queries import Sort
from imagefinder.store.items import ItemRecord
from imagefinder.text_folding import fold, without_accents

SortKey = Callable[[ItemRecord], Any]
"""Gives what sorts ascending."""

_DIGITS = re.compile(r"(\d+)")


def sort_key(sort: Sort) -> SortKey | None:
    """The key of an order; None for relevance. Equal keys are to keep their order by relevance."""
    return {Sort.DATE: _newest_first, Sort.NAME: _by_name, Sort.SIZE: _largest_first}.get(sort)


def natural(text: str) -> tuple[str | int, ...]:
    """A key by which "img 9" comes before "IMG 10", and "Émile" before "Ernst": numbers by value, letters whatever
    their case, form and accents."""
    pieces = _DIGITS.split(without_accents(fold(text)))
    # Text and number take turns, beginning with text, so like is compared with like.
    return tuple(int(piece) if at % 2 else piece for at, piece in enumerate(pieces))


def _by_name(record: ItemRecord) -> Any:
    name = os.path.basename(record.file)  # noqa: PTH119
    return natural(name), fold(name), natural(record.file), record.part


def _largest_first(record: ItemRecord) -> Any:
    return -record.size


def _newest_first(record: ItemRecord) -> Any:
    return -_moment(record)


def _moment(record: ItemRecord) -> float:
    """When a photograph was taken by its camera's clock, else when its file last changed by this machine's.

    Seconds on a scale of their own: a camera's clock knows no time zone, so both are taken as wall clocks.
    """
    try:
        if record.taken_at is not None:
            wall = datetime.fromisoformat(record.taken_at)
        else:
            wall = datetime.fromtimestamp(record.mtime_ns / 1e9)
    except (ValueError, OverflowError, OSError):
        # A time stamp that is no date of the calendar.
        return 0.0
    return (wall - datetime.min).total_seconds()
