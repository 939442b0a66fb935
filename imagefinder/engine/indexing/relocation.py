"""Relocation: recognises sources that were moved or renamed as a whole."""

from collections.abc import Iterable
from pathlib import Path

from imagefinder.domain.sources import Source
from imagefinder.engine.indexing.source_presence import Presence, presence
from imagefinder.store.files import KnownFile
from imagefinder.store.store import Store


class Relocations:
    """File moves of one job, and what they mean for the sources that the files left."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[int, set[str]] = {}
        """For each source that files left, its possible new paths, one derived from each moved file."""
        self._others: dict[int, list[str]] = {}
        """For each such source, the new paths from which no such path can be derived.

        Two files with the same content may have swapped places, for example.
        """

    def note(self, file: KnownFile, path: str) -> None:
        """Record that a file was found at another path. Call this before the store is updated."""
        for source in self._store.sources.of_file(file.id):
            below = file.path.removeprefix(str(source.path))
            if path.endswith(below):
                self._places.setdefault(source.id, set()).add(path.removesuffix(below))
            else:
                self._others.setdefault(source.id, []).append(path)

    def settle(self, added: Iterable[Source]) -> tuple[tuple[Path, Path], ...]:
        """Remove sources that were moved, and mark the other sources that files left and that are gone.

        A source was moved if it is gone and all its files were found, in the same folder structure, in a
        source that was ``added`` by this job. Nothing that is known of a file is lost.

        Returns:
            The old and the new path of each removed source.
        """
        new = {str(source.path): source.path for source in added}
        moved: list[tuple[Path, Path]] = []
        for status in self._store.sources.status():
            source = status.source
            places, others = self._places.get(source.id, set()), self._others.get(source.id, [])
            if not (places or others) or presence(source) is not Presence.GONE:
                continue
            place = new.get(next(iter(places))) if len(places) == 1 else None
            is_whole = place is not None and all(Path(path).is_relative_to(place) for path in others)
            with self._store.transaction():
                if place is not None and is_whole and not status.files:
                    self._store.sources.remove(source.id)
                    moved.append((source.path, place))
                else:
                    self._store.sources.set_absent(source.id, gone=True)
                    self._store.files.set_source_offline(source.id, True)
        return tuple(moved)
