"""The decode pool: files → hashed, decoded and preprocessed parts, in order, with a bounded look-ahead."""

import hashlib
import os
import threading
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from imagefinder.embedders.base import Embedder, Prepared
from imagefinder.engine.giving_way import give_way
from imagefinder.engine.plan import Todo
from imagefinder.engine.quarantine import Quarantine
from imagefinder.model.errors import PassingError, UnreadableError
from imagefinder.model.items import PartFacts
from imagefinder.readers.disk import open_content
from imagefinder.readers.registry import explain, open_media
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache, thumbnail_key
from imagefinder.translation import tr_later

_PARTS_A_TASK = 8
"""Pages decoded in one go: bounds memory, and shares the opening of a PDF among so many."""
_MOST_WORKERS = 8


@dataclass(frozen=True, slots=True)
class DecodedPart:
    """One part, ready for the embedder."""

    part: int
    facts: PartFacts
    prepared: Prepared


@dataclass(slots=True)
class Reading:
    """What came of reading a file, or a stretch of its parts."""

    todo: Todo
    digest: bytes | None = None
    """SHA-256 of the content; None where it could not be read."""
    parts: int = 0
    """How many parts the file has."""
    decoded: list[DecodedPart] = field(default_factory=list)
    next_part: int | None = None
    """Where the next stretch begins; None when this was the last."""
    problem: str | None = None
    """Why the file, or a part of it, cannot be read."""
    is_passing: bool = False
    """Whether the problem may pass by itself, so that the file is to be tried again."""
    is_suspect: bool = False
    """Whether the program died over it before; unless it was read alone, nothing was decoded."""
    is_known_content: bool = False
    """Whether the same content is in the library, or in hand, already: nothing was decoded."""


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
        # One decode serves the embedder and the thumbnail.
        self._side = max(embedder.image_side, LEAST_SIDE)
        self._workers = min(_MOST_WORKERS, os.cpu_count() or 1)

    def read(self, todos: Iterable[Todo], *, alone: bool = False) -> Generator[Reading]:
        """Readings in the order asked; a file of many parts gives several in a row.

        With ``alone``, one file is in hand at a time, and suspects are read too.
        """
        source = iter(todos)
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="decode", initializer=give_way)
        try:
            # How many the embedder takes at a time it may have to find out, in seconds: these are read meanwhile.
            first = islice(source, 1 if alone else self._workers)
            waiting: deque[Future[Reading]] = deque(pool.submit(self._begin, todo, alone) for todo in first)
            ahead = 1 if alone else 2 * self._embedder.batch_size + self._workers
            while True:
                while len(waiting) < ahead and (todo := next(source, None)) is not None:
                    waiting.append(pool.submit(self._begin, todo, alone))
                if not waiting:
                    return
                reading = waiting.popleft().result()
                if reading.next_part is not None:
                    waiting.appendleft(pool.submit(self._go_on, reading))
                yield reading
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, todo: Todo, alone: bool) -> Reading:
        reading = Reading(todo)
        try:
            with open_content(Path(todo.stat.path)) as content:
                # SHA-256: 1.7 GB/s on processors with its instructions, twice BLAKE2b.
                reading.digest = hashlib.file_digest(content, "sha256").digest()
                if not self._claim(reading.digest, todo.stat.path):
                    reading.is_known_content = True
                    return reading
                reading.is_suspect = self._quarantine.is_suspect(reading.digest)
                if reading.is_suspect and not alone:
                    return reading
                return self._decode(reading, first=1, content=content)
        except (UnreadableError, OSError) as error:
            return _failed(reading, error)

    def _go_on(self, last: Reading) -> Reading:
        reading = Reading(last.todo, last.digest, last.parts, is_suspect=last.is_suspect)
        assert last.next_part is not None
        try:
            return self._decode(reading, first=last.next_part)
        except (UnreadableError, OSError) as error:
            return _failed(reading, error)

    def _claim(self, digest: bytes, path: str) -> bool:
        """Whether this content is neither in the library nor in hand; from now on it is in hand."""
        with self._claim_lock:
            if digest in self._claimed:
                return False
            self._claimed.add(digest)
        return not any(
            file.says_all_of(path) for file in self._store.files.by_hash(digest, self._embedder_id)
        )

    def _decode(self, reading: Reading, first: int, content: BinaryIO | None = None) -> Reading:
        known = reading.todo.known
        done: frozenset[int] = frozenset()
        if known is not None and known.hash == reading.digest:
            # Stopped half-way through it last time: its first parts are there.
            done = self._store.items.embedded_parts(known.id, self._embedder_id)
        assert reading.digest is not None
        with (
            self._quarantine.holding(reading.digest),
            open_media(Path(reading.todo.stat.path), content) as media,
        ):
            reading.parts = media.part_count
            for part in range(first, media.part_count + 1):
                if part in done:
                    continue
                if len(reading.decoded) == _PARTS_A_TASK:
                    reading.next_part = part
                    break
                try:
                    loaded = media.load(part, self._side)
                except PassingError:
                    raise
                except UnreadableError as error:
                    reading.problem = reading.problem or _of_page(part, media.part_count, str(error))
                    continue
                if loaded.damage:
                    # It is listed with the files that cannot be read, though what is left of it is found.
                    reading.problem = reading.problem or _of_page(part, media.part_count, loaded.damage)
                self._thumbnails.put(thumbnail_key(reading.digest, part), loaded.image)
                reading.decoded.append(DecodedPart(part, loaded.facts, self._embedder.prepare(loaded.image)))
        return reading


def _of_page(part: int, parts: int, reason: str) -> str:
    """A reason, with the page that it is about where there are several."""
    return (
        tr_later("page {part}: {reason}", "reason").format(part=part, reason=reason) if parts > 1 else reason
    )


def _failed(reading: Reading, error: UnreadableError | OSError) -> Reading:
    reading.problem = explain(error)
    reading.is_passing = isinstance(error, PassingError | OSError)
    return reading
