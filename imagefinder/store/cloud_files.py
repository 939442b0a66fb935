"""Table of online-only files, by source."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from imagefinder.store.connection import Database
from imagefinder.store.path_encoding import encode, folder_range


class CloudTable:
    """Reads and writes which files are online only, and which of those the model in use has not read.

    ``sources.in_the_cloud`` counts the latter by source. ``PendingTable`` contains none of them; it updates
    this table when a file is read and when another model is put in use.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source_id: int, files: Mapping[str, bool]) -> None:
        """Record online-only files of a source: by path, whether the file is still to be read."""
        with self._db.transaction() as connection:
            connection.executemany(
                """INSERT INTO in_the_cloud (path, source_id, is_unread) VALUES (?, ?, ?)
                   ON CONFLICT DO UPDATE SET is_unread = excluded.is_unread""",
                ((encode(path), source_id, is_unread) for path, is_unread in files.items()),
            )

    def replace(self, source_id: int, start: Path, files: Mapping[str, bool]) -> None:
        """Record online-only files as ``add`` does, replacing those at or below ``start``."""
        low, high = folder_range(start)
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM in_the_cloud WHERE source_id = ? AND (path = ? OR (path >= ? AND path < ?))",
                (source_id, encode(start), low, high),
            )
            self.add(source_id, files)

    def forget_problems(self, file_ids: Iterable[int]) -> None:
        """Clear the problems of files that are online only now, which are no longer unreadable."""
        with self._db.transaction() as connection:
            connection.executemany(
                "UPDATE files SET problem = NULL WHERE id = ?", ((file_id,) for file_id in file_ids)
            )
