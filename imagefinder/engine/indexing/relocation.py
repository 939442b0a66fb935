"""Recognise a source that was moved or renamed as a whole, by where its files turned up."""

from collections.abc import Iterable
from pathlib import Path

from imagefinder.domain.sources import Source
from imagefinder.engine.indexing.source_presence import Presence, presence
from imagefinder.store.files import KnownFile
from imagefinder.store.store import Store


class Relocations:
    """Collects the moves of one job, and settles what they say of the sources that files left."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._places: dict[int, set[str]] = {}
        """By source that files left: where it would have to stand now, by each of their new paths."""
        self._others: dict[int, list[str]] = {}
        """The new paths that say nothing of that: two files of the same content may have changed places."""

    def note(self, file: KnownFile, path: str) -> None:
        """A file turned up at another path. Called before that is recorded."""
        for source in self._store.sources.of_file(file.id):
            below = file.path.removeprefix(str(source.path))
            if path.endswith(below):
                self._places.setdefault(source.id, set()).add(path.removesuffix(below))
            else:
                self._others.setdefault(source.id, []).append(path)

    def settle(self, added: Iterable[Source]) -> tuple[tuple[Path, Path], ...]:
        """Forget each source that is gone and all of which turned up, in the same order of folders, as one that was
        ``added`` just now; mark others that are gone as such. Nothing that is known of a file is lost by it.

        Returns:
            The old and the new path of each source that was forgotten.
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
