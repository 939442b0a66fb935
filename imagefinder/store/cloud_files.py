"""Table of online-only files, by source."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from imagefinder.store.connection import Database
from imagefinder.store.path_encoding import encode, folder_range


class CloudTable:
    """Reads and writes which files are in the cloud alone, and which of those are not read with the model that answers.

    ``sources.in_the_cloud`` counts the latter by source. ``PendingTable`` has none of them, and takes care of both
    where a file is read or the model changes.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source_id: int, files: Mapping[str, bool]) -> None:
        """These files of the source are online only; by path, whether one is still to be read."""
        with self._db.transaction() as connection:
            connection.executemany(
                """INSERT INTO in_the_cloud (path, source_id, is_unread) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET is_unread = excluded.is_unread""",
                ((encode(path), source_id, is_unread) for path, is_unread in files.items()),
            )

    def replace(self, source_id: int, start: Path, files: Mapping[str, bool]) -> None:
        """As ``add``; no others of what the source has at or below ``start`` are online only."""
        low, high = folder_range(start)
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM in_the_cloud WHERE source_id = ? AND (path = ? OR (path >= ? AND path < ?))",
                (source_id, encode(start), low, high),
            )
            self.add(source_id, files)

    def forget_problems(self, file_ids: Iterable[int]) -> None:
        """These files could not be read once; now they are in the cloud, which is no fault of theirs."""
        with self._db.transaction() as connection:
            connection.executemany(
                "UPDATE files SET problem = NULL WHERE id = ?", ((file_id,) for file_id in file_ids)
            )
