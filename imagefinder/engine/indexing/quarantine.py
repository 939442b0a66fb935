"""Quarantine: record of the contents being decoded in this process, in case it crashes.

If a decoder process dies, the file it was decoding is known. Plain pictures are decoded in this process, so
their content hashes are noted in a small file meanwhile. Those that a crash leaves there become suspects,
which are decoded in decoder processes until they have been read without a problem. So no file crashes the
program twice, and none is recorded as unreadable because another one caused the crash.
"""

import mmap
import queue
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagefinder.private_files import create, file_mode_of
from imagefinder.store.suspects import SuspectTable

IN_HAND = "in-hand"
"""Name of the note in a library's folder."""
_SLOTS = 64
_DIGEST_BYTES = 32
_EMPTY = bytes(_DIGEST_BYTES)


def forget_in_hand(note: Path) -> None:
    """Clear the note, because this process ends on purpose and its files must not become suspects.

    Raises:
        OSError: the note cannot be written.
    """
    with suppress(FileNotFoundError), note.open("r+b") as file:
        file.write(_EMPTY * _SLOTS)


class Quarantine:
    """The note of one job, and the suspects. ``holding`` is safe to use from several threads."""

    def __init__(self, suspects: SuspectTable, note: Path) -> None:
        self._suspects = suspects
        self._note = note
        self._known: dict[bytes, int] = {}
        """Suspects, with the number of jobs in which each took too long."""
        self._slots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._map: mmap.mmap | None = None

    @contextmanager
    def job(self) -> Iterator[None]:
        """Open the note for one job: record suspects that a crash left, and delete the note in the end.

        Raises:
            OSError: the note cannot be written.
        """
        self._suspects.add(self._left_over())
        self._known = self._suspects.all()
        # Write zeros rather than set the size: on a full disk, writing to a hole in a mapped file kills the
        # process.
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
        """Whether a content must be decoded in a decoder process."""
        return digest in self._known

    def was_overdue(self, digest: bytes) -> bool:
        """Whether a content, or a part of it, took too long in an earlier job."""
        return self._known.get(digest, 0) > 0

    def note_overdue(self, digest: bytes) -> None:
        """Record that a content took too long. Takes effect in the next job."""
        self._suspects.add_overdue(digest)

    def clear(self, digest: bytes) -> None:
        """Remove a content from the suspects, because it was read completely without a problem."""
        if self._known.pop(digest, None) is not None:
            self._suspects.remove(digest)

    @contextmanager
    def holding(self, digest: bytes) -> Iterator[None]:
        """Note a content for the duration of the ``with`` block, in which it is decoded in this process."""
        if self._map is None:  # the job has ended without waiting for this thread
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
