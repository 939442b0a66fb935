"""Files that the program died over: found again singly, then left alone.

A decoder can crash the whole process, or use up all memory, and nothing in the process can catch that. So
the contents being read are noted in a small file that outlives the process. What a dead run left there is
suspect; the next run reads suspects last and one at a time, so that a further death names its cause.
"""

import mmap
import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagefinder.model.errors import UnreadableError
from imagefinder.private_files import create, file_mode_of
from imagefinder.store.suspects import SuspectTable
from imagefinder.translation import tr_later

IN_HAND = "in-hand"
"""The file in a library's folder that names what is being read."""
_SLOTS = 64
_DIGEST_BYTES = 32
_EMPTY = bytes(_DIGEST_BYTES)
_DEATHS_TO_CONDEMN = 3
"""One among others, two alone. A person who kills the program does not hit the same file alone twice."""


def forget_in_hand(note: Path) -> None:
    """This process ends on purpose, though files are being read: none of them is to be suspected for it.

    Raises:
        OSError: the note cannot be written.
    """
    with suppress(FileNotFoundError), note.open("r+b") as file:
        file.write(_EMPTY * _SLOTS)


class Quarantine:
    """Keeps the note of what is in hand during one job. ``holding`` is safe to use from several threads."""

    def __init__(self, suspects: SuspectTable, note: Path) -> None:
        self._suspects = suspects
        self._note = note
        self._deaths: dict[bytes, int] = {}
        self._slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._map: mmap.mmap | None = None

    @contextmanager
    def job(self) -> Iterator[None]:
        """The time of one job: reads what a dead run left, and takes notes until the end.

        Raises:
            OSError: the note cannot be written.
        """
        for digest in self._left_over():
            self._suspects.add_death(digest)
        self._deaths = self._suspects.all()
        # Written, not only sized: on a full disk a hole in a mapped file would kill the process.
        with create(self._note, file_mode_of(self._note.with_name("library.db"))) as file:
            file.write(_EMPTY * _SLOTS)
        for slot in range(_SLOTS):
            self._slots.put(slot)
        with self._note.open("r+b") as note, mmap.mmap(note.fileno(), len(_EMPTY) * _SLOTS) as self._map:
            try:
                yield
            finally:
                self._map = None
        self._note.unlink()

    def _left_over(self) -> set[bytes]:
        try:
            content = self._note.read_bytes()
        except FileNotFoundError:
            return set()
        digests = (content[at : at + _DIGEST_BYTES] for at in range(0, len(content), _DIGEST_BYTES))
        return {digest for digest in digests if len(digest) == _DIGEST_BYTES and digest != _EMPTY}

    def is_suspect(self, digest: bytes) -> bool:
        """Whether a run died while this content was in hand: it is to be read alone.

        Raises:
            UnreadableError: it was the cause, as far as can be known; it is not to be read again.
        """
        deaths = self._deaths.get(digest, 0)
        if deaths >= _DEATHS_TO_CONDEMN:
            raise UnreadableError(
                tr_later("the program ended each time it read this file; it is left alone now", "reason")
            )
        return deaths > 0

    def clear(self, digest: bytes) -> None:
        """This content was read to its end, and all is well."""
        if self._deaths.pop(digest, None):
            self._suspects.remove(digest)

    @contextmanager
    def holding(self, digest: bytes) -> Iterator[None]:
        """While inside, this content is being read."""
        assert self._map is not None
        slot = self._slots.get_nowait()
        start = slot * _DIGEST_BYTES
        self._map[start : start + _DIGEST_BYTES] = digest
        try:
            yield
        finally:
            self._map[start : start + _DIGEST_BYTES] = _EMPTY
            self._slots.put(slot)
