"""Folding the words of a library that an older version wrote, before they are searched or in a job."""

import logging
import time
from collections.abc import Callable

from imagefinder.domain.errors import LibraryError
from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.store.store import Store

_LOG = logging.getLogger(__name__)

FOLDING_S = 10.0
"""Seconds that a search gives to it; what is left then is for the next one, or for a job."""


def after(seconds: float) -> Callable[[], bool]:
    """Tells whether so much time has passed since."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() >= until


def fold_texts(store: Store, progress: ProgressCallback, should_stop: Callable[[], bool]) -> None:
    """Fold what is not yet, in portions; see ``TextTable.fold_all``. A million names take seconds, a hundred thousand
    pages of Chinese minutes. Where that cannot be done now, words are searched as they are.
    """

    def tell(done: int, total: int) -> None:
        if done < total:
            progress(Progress(Phase.FOLDING_TEXTS, done, total))

    try:
        with store.errors():
            store.words.fold_all(tell, should_stop)
    except LibraryError as error:
        # Another process holds the library, or its disk is full.
        _LOG.info("words are not folded yet: %s", error)
