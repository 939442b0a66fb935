"""Run blocking calls on another thread, so that waiting for them can be cancelled at any moment."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from imagefinder.domain.errors import CancelledError
from imagefinder.translation import tr

Item = TypeVar("Item")

_LOOK_EVERY_S = 0.1
_AHEAD = 4
"""Items that may wait to be taken; the thread pauses beyond that."""


@dataclass(frozen=True, slots=True)
class _Ended:
    error: BaseException | None = None


class _Line(Generic[Item]):
    """What the thread and the one who waits share."""

    def __init__(self, items: Callable[[], Iterator[Item]]) -> None:
        self.came: queue.Queue[Item | _Ended] = queue.Queue(_AHEAD)
        self.given_up = threading.Event()
        self._items = items

    def run(self) -> None:
        end = _Ended()
        items = self._items()
        try:
            for item in items:
                if not self._put(item):
                    break
        except BaseException as error:  # noqa: BLE001 - raised again where somebody waits
            end = _Ended(error)
        finally:
            if close := getattr(items, "close", None):
                close()
        self._put(end)

    def _put(self, item: Item | _Ended) -> bool:
        while not self.given_up.is_set():
            try:
                self.came.put(item, timeout=_LOOK_EVERY_S)
            except queue.Full:
                continue
            return True
        return False


def stoppable(items: Callable[[], Iterator[Item]], should_stop: Callable[[], bool]) -> Iterator[Item]:
    """What ``items()`` gives, made on a thread of its own, where it may block as long as it likes.

    When the wait is given up, that thread is left behind; it ends when what it waits for comes, or its time is out.

    Raises:
        CancelledError: ``should_stop()`` said so; it is asked at least ten times a second.
        BaseException: what ``items()`` raised.
    """
    line = _Line(items)
    threading.Thread(target=line.run, name="network", daemon=True).start()
    try:
        while True:
            if should_stop():
                raise CancelledError(tr("Stopped."))
            try:
                item = line.came.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                continue
            if not isinstance(item, _Ended):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return
    finally:
        line.given_up.set()
