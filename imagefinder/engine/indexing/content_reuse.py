"""Content reuse: moved files, copies, and files of which only the modification time changed."""

import os
from dataclasses import dataclass, field

from imagefinder.engine.indexing.decode_pool import DecodedFile
from imagefinder.engine.indexing.relocation import Relocations
from imagefinder.engine.indexing.scan_diff import FileToRead
from imagefinder.engine.indexing.source_presence import has_left
from imagefinder.store.files import KnownFile
from imagefinder.store.store import Store


@dataclass(slots=True)
class Reused:
    """Outcome of reusing known content for a file."""

    is_readable: bool
    removed: list[int] = field(default_factory=list)
    """Ids of deleted items."""
    added: list[int] = field(default_factory=list)
    """Ids of new items, which have vectors."""


class ContentReuse:
    """Takes over items of known content for new, moved and touched files, so that nothing is embedded twice."""

    def __init__(self, store: Store, embedder_id: int, *, is_answering: bool) -> None:
        """Prepare content reuse for one job.

        Args:
            store: the library's store.
            embedder_id: id of the job's embedder.
            is_answering: whether the library is searched with this embedder, so that files it has read are no
                longer pending.
        """
        self._store = store
        self._embedder_id = embedder_id
        self._is_answering = is_answering
        self._in_place: dict[bytes, int] = {}
        """For each content, the highest id up to which all its files were seen at their paths."""
        self.relocations = Relocations(store)
        self.moved: set[int] = set()
        """Ids of files found at another path."""
        self.replaced: set[bytes] = set()
        """Content hashes that files had before they changed."""

    def reuse(self, reading: DecodedFile) -> Reused | None:
        """Reuse known content for a file, in one transaction; return None if the content is not known yet."""
        assert reading.digest is not None
        todo, known = reading.todo, reading.todo.known
        path, files = todo.stat.path, self._store.files
        twin = next(
            (file for file in files.by_hash(reading.digest, self._embedder_id) if file.says_all_of(path)),
            None,
        )
        if twin is None:
            return None
        found = Reused(is_readable=bool(twin.parts))
        with self._store.transaction():
            self.settle(todo)
            if known is not None and self._says_all_of_itself(known, reading.digest):
                # Only the modification time changed.
                self._store.files.put(todo.stat, reading.digest, known.parts, known.problem, todo.source_ids)
            else:
                sources = list(todo.source_ids)
                is_same = known is not None and known.hash == reading.digest
                if known is not None and not is_same:
                    found.removed = self.forget_items(known)
                gone = None if is_same else self._gone_twin(reading.digest, path)
                if gone is not None:
                    if known is not None:
                        sources += [source.id for source in self._store.sources.of_file(known.id)]
                        self._store.files.delete([known.id])
                    self._move(gone, todo, sources)
                else:
                    found.added = self._copy(twin, todo, reading.digest)
        return found

    def settle(self, todo: FileToRead) -> None:
        """Remove a file from the pending ones, in the caller's transaction."""
        if self._is_answering:
            self._store.pending.remove(todo.stat.path)

    def forget_items(self, known: KnownFile) -> list[int]:
        """Delete the items of a file whose content has changed, and return their ids for the index."""
        ids = self._store.items.ids_of_files([known.id])
        self._store.items.delete_of_file(known.id)
        if known.hash is not None:
            self.replaced.add(known.hash)
        if ids:
            self._store.embeddings.touch()
        return ids

    def _move(self, file: KnownFile, todo: FileToRead, source_ids: list[int]) -> None:
        self.relocations.note(file, todo.stat.path)
        self._store.files.move(file.id, todo.stat, source_ids)
        self._store.items.rename(file.id, os.path.basename(todo.stat.path))  # noqa: PTH119
        self.moved.add(file.id)

    def _copy(self, twin: KnownFile, todo: FileToRead, digest: bytes) -> list[int]:
        file_id = self._store.files.put(todo.stat, digest, twin.parts, twin.problem, todo.source_ids)
        name = os.path.basename(todo.stat.path)  # noqa: PTH119
        added = self._store.items.copy(twin.id, file_id, name)
        if added:
            self._store.embeddings.touch()
        return added

    def _says_all_of_itself(self, known: KnownFile, digest: bytes) -> bool:
        """Whether the library knows this file with this content, read completely."""
        row = next(self._store.files.by_hash(digest, self._embedder_id, after=known.id - 1), None)
        return row is not None and row.id == known.id and row.says_all_of(known.path)

    def _gone_twin(self, digest: bytes, path: str) -> KnownFile | None:
        """Return a file with this content that has left its path, and so was moved to the new one.

        Files seen at their path are not checked again in this job. Otherwise thousands of copies of one
        content would take time proportional to the square of their number.
        """
        seen_up_to = self._in_place.get(digest, 0)
        are_all_seen = True
        for file in self._store.files.by_hash(digest, self._embedder_id, after=seen_up_to):
            if not file.says_all_of(path):
                are_all_seen = False
            elif self._is_gone(file):
                return file
            elif are_all_seen:
                self._in_place[digest] = file.id
        return None

    def _is_gone(self, file: KnownFile) -> bool:
        """Whether a file has left its path, as opposed to being on an unplugged drive."""
        sources = self._store.sources.of_file(file.id)
        return has_left(file.path, sources, was_offline=file.offline)
