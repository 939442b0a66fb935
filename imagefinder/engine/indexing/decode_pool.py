"""Decode pool: hashes, decodes and preprocesses files in threads, in order, with a bounded look-ahead.

Order is given up where it would block other files: behind a file that takes long, and among long files.
"""

import hashlib
import io
import os
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from imagefinder.domain.errors import NoAnswerError, OverdueError, PassingError, UnreadableError
from imagefinder.domain.items import PartFacts
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.embedders.embedder import Embedder, Prepared
from imagefinder.engine.index.thread_priority import give_way
from imagefinder.engine.indexing.daemon_threads import DaemonThreads
from imagefinder.engine.indexing.quarantine import Quarantine
from imagefinder.engine.indexing.scan_diff import FileToRead
from imagefinder.isolation.bounded import is_bounded
from imagefinder.isolation.decoders import Decoders
from imagefinder.readers.disk import open_content
from imagefinder.readers.reader import MediaFile
from imagefinder.readers.reader_registry import explain, open_media
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache, thumbnail_key

_PARTS_A_READING = 8
"""Maximum number of parts in one reading. Limits memory, and what is lost if the program is killed."""
_MOST_READY = 4
"""Maximum number of readings of one file that wait to be taken."""
_MOST_WORKERS = 8
_MOST_EXTRA_WORKERS = 4
"""Maximum number of threads added because other files take long."""
_TICK_S = 0.25
_PATIENCE_S = 2.0
"""Seconds after which other files may overtake a slow file."""
_SILENCE_S = 60.0
"""Seconds after which a drive that delivers no data counts as unresponsive.

Once a drive has been unresponsive, ``_SILENCE_AGAIN_S`` applies instead.
"""
_SILENCE_AGAIN_S = 5.0
_ENDS_IN_S = 2.0
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class DecodedPart:
    """One part, ready for the embedder."""

    part: int
    facts: PartFacts
    prepared: Prepared


@dataclass(slots=True)
class DecodedFile:
    """Reading: the result of reading a file or a stretch of its parts."""

    todo: FileToRead
    digest: bytes | None = None
    """SHA-256 of the content; None if it could not be read."""
    parts: int = 0
    """Number of parts of the file."""
    decoded: list[DecodedPart] = field(default_factory=list)
    is_last: bool = True
    """Whether this is the file's last reading."""
    problem: Reason | None = None
    """Why the file or one of its parts cannot be read."""
    is_passing: bool = False
    """Whether the problem may be temporary, so that the file is to be retried."""
    is_overdue: bool = False
    """Whether the file or one of its parts took too long."""
    is_unanswered: bool = False
    """Whether reading was abandoned through no fault of the file, which stays unread and has no problem."""
    is_known_content: bool = False
    """Whether the same content is in the library or being read already, so that nothing was decoded."""


class _File:
    """A file being read. All attributes but ``todo`` change only while the pool's condition is held."""

    def __init__(self, todo: FileToRead) -> None:
        self.todo = todo
        self.ready: deque[DecodedFile] = deque()
        self.error: BaseException | None = None
        self.is_first_since: float | None = None
        """When this became the file that the others wait for."""
        self.last_read: float | None = None
        """When its drive last delivered data; None while none is being read."""
        self.is_left = False
        """Whether the file was abandoned."""


class _LeftError(Exception):
    """Raised in a thread if the results of its file are no longer wanted."""


class DecodePool:
    """Reads files ahead of the embedder. One pool serves one job."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        embedder_id: int,
        thumbnails: ThumbnailCache,
        quarantine: Quarantine,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._embedder_id = embedder_id
        self._thumbnails = thumbnails
        self._quarantine = quarantine
        self._claimed: set[bytes] = set()
        self._claim_lock = threading.Lock()
        # Each part is decoded once, for the embedder and the thumbnail.
        self._side = max(embedder.image_side, LEAST_SIDE)
        self._workers = min(_MOST_WORKERS, os.cpu_count() or 1)
        self._extra_workers = 0
        self._changed = threading.Condition()
        self._files: list[_File] = []
        """Files being read, in the order requested."""
        self._silence_s = _SILENCE_S
        self._is_closing = False

    def read(self, todos: Iterable[FileToRead]) -> Generator[DecodedFile | None]:
        """Yield readings, those of one file in order, and now and then None if there is none at the moment."""
        source = iter(todos)
        threads = DaemonThreads(self._workers, "decode", give_way)
        decoders = Decoders(low_priority=True)
        try:
            # Finding out its batch size may take the embedder seconds, so start reading some files first.
            self._begin(islice(source, self._workers), threads, decoders)
            ahead = 2 * self._embedder.batch_size + self._workers
            while True:
                self._begin(islice(source, max(ahead - len(self._files), 0)), threads, decoders)
                if not self._files:
                    return
                yield self._next(threads)
        finally:
            with self._changed:
                self._is_closing = True
                self._changed.notify_all()
            decoders.close()
            threads.close(_ENDS_IN_S)

    def _begin(self, todos: Iterable[FileToRead], threads: DaemonThreads, decoders: Decoders) -> None:
        for todo in todos:
            file = _File(todo)
            with self._changed:
                self._files.append(file)
            threads.submit(partial(self._work, file, decoders))

    # Called by the consumer

    def _next(self, threads: DaemonThreads) -> DecodedFile | None:
        with self._changed:
            deadline = time.monotonic() + _TICK_S
            while (file := self._first_ready(threads)) is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return self._unanswered(threads)
                self._changed.wait(left)
            if file.error is not None:
                raise file.error
            reading = file.ready.popleft()
            if reading.is_last:
                self._files.remove(file)
            self._changed.notify_all()
            return reading

    def _first_ready(self, threads: DaemonThreads) -> _File | None:
        """Return the file to take a reading from, or None.

        It is the first one, unless that is slow or the readings of another have piled up.
        """
        now = time.monotonic()
        first = self._files[0]
        if first.error is not None or first.ready:
            first.is_first_since = None
            return first
        if first.is_first_since is None:
            first.is_first_since = now
        is_slow = now - first.is_first_since > _PATIENCE_S
        for file in self._files[1:]:
            if file.error is not None or len(file.ready) >= _MOST_READY or (is_slow and file.ready):
                return file
        if is_slow:
            # Wait for the next file instead, and add a thread in place of the one that is busy with this
            # file.
            self._files.append(self._files.pop(0))
            first.is_first_since = None
            if self._extra_workers < min(_MOST_EXTRA_WORKERS, len(self._files) - 1):
                self._extra_workers += 1
                threads.add()
        return None

    def _unanswered(self, threads: DaemonThreads) -> DecodedFile | None:
        """Abandon a file whose drive has been silent for too long, as unread; return None if there is none."""
        now = time.monotonic()
        for file in self._files:
            if file.last_read is not None and now - file.last_read > self._silence_s:
                file.is_left = True
                self._files.remove(file)
                self._silence_s = _SILENCE_AGAIN_S
                threads.add()
                return DecodedFile(file.todo, is_unanswered=True)
        return None

    # Run in the threads

    def _work(self, file: _File, decoders: Decoders) -> None:
        try:
            with closing(self._readings(file, decoders)) as readings:
                self._hand_over(file, readings)
        except _LeftError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again in the consumer
            with self._changed:
                file.error = error
                self._changed.notify_all()

    def _hand_over(self, file: _File, readings: Iterable[DecodedFile]) -> None:
        for reading in readings:
            with self._changed:
                file.last_read = None
                self._changed.wait_for(
                    lambda: len(file.ready) < _MOST_READY or self._is_closing or file.is_left
                )
                self._check_wanted(file)
                file.ready.append(reading)
                self._changed.notify_all()

    def _check_wanted(self, file: _File) -> None:
        if self._is_closing or file.is_left:
            raise _LeftError

    def _readings(self, file: _File, decoders: Decoders) -> Generator[DecodedFile]:
        reading = DecodedFile(file.todo)
        path = Path(file.todo.stat.path)
        try:
            self._note_read(file)
            with open_content(path) as content, ExitStack() as held:
                reading.digest = self._hash(file, content)
                file.last_read = None
                if self._claim(reading.digest, str(path)):
                    media = self._open(path, content, reading.digest, decoders, held)
                    yield from self._decoded(reading, media)
                    return
                reading.is_known_content = True
        except (UnreadableError, OSError, MemoryError) as error:
            self._note_failure(reading, error)
        yield reading

    def _hash(self, file: _File, content: BinaryIO) -> bytes:
        # SHA-256 runs at 1.7 GB/s on processors with instructions for it, twice as fast as BLAKE2b.
        if isinstance(content, io.BytesIO):
            return hashlib.sha256(content.getbuffer()).digest()
        digest = hashlib.sha256()
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            self._note_read(file)
        return digest.digest()

    def _note_read(self, file: _File) -> None:
        file.last_read = time.monotonic()
        self._check_wanted(file)

    def _claim(self, digest: bytes, path: str) -> bool:
        """Claim a content for this file; return False if it is known or claimed by another file."""
        with self._claim_lock:
            if digest in self._claimed:
                return False
            self._claimed.add(digest)
        return not any(
            file.says_all_of(path) for file in self._store.files.by_hash(digest, self._embedder_id)
        )

    def _open(
        self, path: Path, content: BinaryIO, digest: bytes, decoders: Decoders, held: ExitStack
    ) -> MediaFile:
        if self._quarantine.is_suspect(digest) or not is_bounded(content):
            return held.enter_context(decoders.isolated(path, content))
        held.enter_context(self._quarantine.holding(digest))
        return held.enter_context(open_media(path, content))

    def _decoded(self, reading: DecodedFile, media: MediaFile) -> Generator[DecodedFile]:
        known = reading.todo.known
        done: frozenset[int] = frozenset()
        if known is not None and known.hash == reading.digest:
            # An earlier job stopped half-way, so the first parts are in the library.
            done = self._store.items.embedded_parts(known.id, self._embedder_id)
        reading.parts = media.part_count
        for part in range(1, media.part_count + 1):
            if part in done:
                continue
            if len(reading.decoded) == _PARTS_A_READING:
                reading.is_last = False
                yield reading
                reading = DecodedFile(reading.todo, reading.digest, reading.parts)
            try:
                self._decode(reading, media, part)
            except (PassingError, OSError, MemoryError) as error:
                self._note_failure(reading, error)
                break
            except UnreadableError as error:
                self._note_failure(reading, error, part)
        yield reading

    def _decode(self, reading: DecodedFile, media: MediaFile, part: int) -> None:
        assert reading.digest is not None
        loaded = media.load(part, self._side)
        if loaded.damage is not None:
            # List the file as unreadable, though what is left of it can be found.
            reading.problem = reading.problem or _of_part(reading, part, loaded.damage)
        self._thumbnails.put(thumbnail_key(reading.digest, part), loaded.image)
        reading.decoded.append(DecodedPart(part, loaded.facts, self._embedder.prepare(loaded.image)))

    def _note_failure(
        self, reading: DecodedFile, error: UnreadableError | OSError | MemoryError, part: int = 0
    ) -> None:
        """Record why something could not be read: ``part``, or everything that is left if ``part`` is 0."""
        if isinstance(error, MemoryError):
            error = PassingError(ReasonCode.OUT_OF_MEMORY)
        if isinstance(error, NoAnswerError):
            reading.is_unanswered = True
            return
        reading.problem = reading.problem or _of_part(reading, part, explain(error))
        reading.is_passing |= isinstance(error, PassingError | OSError)
        if isinstance(error, OverdueError):
            reading.is_overdue = True
            # The machine may have been overloaded, so retry the file once, but not at every scan.
            reading.is_passing |= reading.digest is None or not self._quarantine.was_overdue(reading.digest)


def _of_part(reading: DecodedFile, part: int, reason: Reason) -> Reason:
    """Add the page number to a reason, if the file has several pages."""
    return reason.having(page=part) if part and reading.parts > 1 else reason
