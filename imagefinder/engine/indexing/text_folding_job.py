"""Text folding of a library that an older version wrote, before a search or in a job."""

import logging
import time
from collections.abc import Callable

from imagefinder.domain.errors import LibraryError
from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.store.store import Store

_LOG = logging.getLogger(__name__)

FOLDING_S = 10.0
"""Seconds that a search spends on folding. The rest is left to the next search or job."""


def after(seconds: float) -> Callable[[], bool]:
    """Return a function that says whether this many seconds have passed since the call."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def fold_texts(store: Store, progress: ProgressCallback, should_stop: Callable[[], bool]) -> None:
    """Fold the texts that are not folded yet, in portions; see ``TextTable.fold_all``.

    A million names take seconds, a hundred thousand pages of Chinese take minutes. If folding is not possible
    now, texts are searched as they are.
    """

    def tell(done: int, total: int) -> None:
        if done < total:
            progress(Progress(Phase.FOLDING_TEXTS, done, total))

    try:
        with store.errors():
            store.words.fold_all(tell, should_stop)
    except LibraryError as error:
        # Another process has locked the database, or its disk is full.
        _LOG.info("could not fold all texts: %s", error)
