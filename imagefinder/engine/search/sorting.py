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
"""Function that returns a key by which items sort in ascending order."""

_DIGITS = re.compile(r"(\d+)")


def sort_key(sort: Sort) -> SortKey | None:
    """Return the key function of a sort order; None for relevance.

    Equal keys must keep their order by relevance.
    """
    return {Sort.DATE: _newest_first, Sort.NAME: _by_name, Sort.SIZE: _largest_first}.get(sort)


def natural(text: str) -> tuple[str | int, ...]:
    """Return a key that sorts numbers by value, and letters regardless of case, Unicode form and accents.

    For example, "img 9" sorts before "IMG 10", and "Émile" before "Ernst".
    """
    pieces = _DIGITS.split(without_accents(fold(text)))
    # Text and numbers alternate, beginning with text, so only values of the same type are compared.
    return tuple(int(piece) if at % 2 else piece for at, piece in enumerate(pieces))


def _by_name(record: ItemRecord) -> Any:
    name = os.path.basename(record.file)  # noqa: PTH119
    return natural(name), fold(name), natural(record.file), record.part


def _largest_first(record: ItemRecord) -> Any:
    return -record.size


def _newest_first(record: ItemRecord) -> Any:
    return -_moment(record)


def _moment(record: ItemRecord) -> float:
    """Return when a photograph was taken by its camera's clock, or else when its file was last modified.

    In seconds since year 1 of local time: a camera's clock has no time zone, so both are taken as wall-clock
    times.
    """
    try:
        if record.taken_at is not None:
            wall = datetime.fromisoformat(record.taken_at)
        else:
            wall = datetime.fromtimestamp(record.mtime_ns / 1e9)
    except (ValueError, OverflowError, OSError):
        # The time stamp is not a valid date.
        return 0.0
    return (wall - datetime.min).total_seconds()
