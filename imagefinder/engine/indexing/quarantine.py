"""Quarantine: contents that were being decoded in this process when it died.

What is decoded in a process of its own (``isolation``) is blamed by that process's death. For the plain pictures that
are not, the contents in hand stand in a small file. What a dead run left there is decoded in a process of its own from
then on, until all is well: so no file kills the program twice, and none is condemned because it was in hand when
somebody else did.
"""

import mmap
import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagefinder.private_files import create, file_mode_of
from imagefinder.store.suspects import SuspectTable

IN_HAND = "in-hand"
"""The file in a library's folder that names what is being read."""
_SLOTS = 64
_DIGEST_BYTES = 32
_EMPTY = bytes(_DIGEST_BYTES)


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
        self._known: dict[bytes, int] = {}
        """How often each suspect took too long."""
        self._slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._map: mmap.mmap | None = None

    @contextmanager
    def job(self) -> Iterator[None]:
        """The time of one job: reads what a dead run left, and takes notes until the end, however that comes.

        Raises:
            OSError: the note cannot be written.
        """
        self._suspects.add(self._left_over())
        self._known = self._suspects.all()
        # Written, not only sized: on a full disk a hole in a mapped file would kill the process.
        with create(self._note, file_mode_of(self._note.with_name("library.db"))) as file:
            file.write(_EMPTY * _SLOTS)
        for slot in range(_SLOTS):
            self._slots.put(slot)
        try:
            with self._note.open("r+b") as file, mmap.mmap(file.fileno(), len(_EMPTY) * _SLOTS) as self._map:
                yield
        finally:
            self._map = None
            self._note.unlink(missing_ok=True)

    def _left_over(self) -> set[bytes]:
        try:
            content = self._note.read_bytes()
        except FileNotFoundError:
            return set()
        digests = (content[at : at + _DIGEST_BYTES] for at in range(0, len(content), _DIGEST_BYTES))
        return {digest for digest in digests if len(digest) == _DIGEST_BYTES and digest != _EMPTY}

    def is_suspect(self, digest: bytes) -> bool:
        """Whether this content is to be decoded in a process of its own, whatever it is."""
        return digest in self._known

    def was_overdue(self, digest: bytes) -> bool:
        """Whether this content, or a part of it, took too long in an earlier job."""
        return self._known.get(digest, 0) > 0

    def note_overdue(self, digest: bytes) -> None:
        """This content took too long; what is known of it during this job stays as it was."""
        self._suspects.add_overdue(digest)

    def clear(self, digest: bytes) -> None:
        """This content was read to its end, and all is well."""
        if self._known.pop(digest, None) is not None:
            self._suspects.remove(digest)

    @contextmanager
    def holding(self, digest: bytes) -> Iterator[None]:
        """While inside, this content is being decoded within the program."""
        if self._map is None:  # the job is over, and did not wait for this
            yield
            return
        slot = self._slots.get_nowait()
        start = slot * _DIGEST_BYTES
        self._map[start : start + _DIGEST_BYTES] = digest
        try:
            yield
        finally:
            if self._map is not None:
                self._map[start : start + _DIGEST_BYTES] = _EMPTY
            self._slots.put(slot)
