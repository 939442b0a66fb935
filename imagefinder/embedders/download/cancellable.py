"""Blocking calls on another thread, so that waiting for them can be cancelled at any moment."""

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
"""Capacity of the queue. The thread pauses while it is full."""


@dataclass(frozen=True, slots=True)
class _Ended:
    error: BaseException | None = None


class _Line(Generic[Item]):
    """Queue between the thread that produces items and the caller."""

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
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
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
    """Yield the items of ``items()``, which runs on a thread of its own, where it may block.

    If the wait is cancelled, the thread is abandoned. It ends when its blocking call returns or times out.

    Args:
        items: Returns the iterator. Called on the new thread.
        should_stop: Called at least ten times a second.

    Raises:
        CancelledError: ``should_stop()`` returned true.
        BaseException: Whatever ``items()`` raised.
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
