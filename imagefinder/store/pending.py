"""Table of pending files, by source: found by a scan and not read yet."""

from collections.abc import Iterable
from pathlib import Path

from imagefinder.store.connection import Database
from imagefinder.store.path_encoding import encode, folder_range


class PendingTable:
    """Reads and writes which files have not been read with the model in use.

    ``sources.pending`` counts them by source.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, source_id: int, paths: Iterable[str]) -> None:
        """Add pending files of a source."""
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO pending (path, source_id) VALUES (?, ?)",
                ((encode(path), source_id) for path in paths),
            )

    def replace(self, source_id: int, start: Path, paths: Iterable[str]) -> None:
        """Replace the pending files of a source at or below ``start``."""
        low, high = folder_range(start)
        with self._db.transaction() as connection:
            connection.execute(
                "DELETE FROM pending WHERE source_id = ? AND (path = ? OR (path >= ? AND path < ?))",
                (source_id, encode(start), low, high),
            )
            self.add(source_id, paths)

    def remove(self, path: str) -> None:
        """Remove a file that was read or recorded as unreadable, for all sources that contain it."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM pending WHERE path = ?", (encode(path),))
            # If it was online only, it has been downloaded.
            connection.execute("DELETE FROM in_the_cloud WHERE path = ?", (encode(path),))

    def count(self) -> int:
        """Return the number of pending files of present sources. A file of several sources counts once."""
        counts = self._db.connection.execute(
            "SELECT pending FROM sources WHERE pending AND NOT offline AND NOT gone"
        ).fetchall()
        if len(counts) < 2:
            return sum(count for (count,) in counts)
        row = self._db.connection.execute(
            """SELECT count(DISTINCT pending.path) FROM pending JOIN sources ON sources.id = source_id
               WHERE NOT offline AND NOT gone"""
        ).fetchone()
        return int(row[0])

    def are_walks_complete(self) -> bool:
        """Whether the last scans of all present sources ran to their end."""
        row = self._db.connection.execute(
            "SELECT NOT EXISTS (SELECT 1 FROM sources WHERE NOT scan_complete AND NOT offline AND NOT gone)"
        ).fetchone()
        return bool(row[0])

    def change_model(self, embedder_id: int) -> None:
        """Adjust the table to another model in use: files that it has not processed become pending.

        Unreadable and offline files are left out. Online-only files are marked in the cloud table instead.
        """
        with self._db.transaction() as connection:
            connection.execute(
                """DELETE FROM pending WHERE EXISTS (SELECT 1 FROM files JOIN embedded_files ON file_id = id
                   WHERE files.path = pending.path AND embedder_id = ?)""",
                (embedder_id,),
            )
            connection.execute(
                """INSERT OR IGNORE INTO pending (path, source_id)
                   SELECT path, source_id FROM files JOIN memberships ON file_id = id
                   WHERE items > 0 AND problem IS NULL AND NOT offline AND NOT EXISTS
                     (SELECT 1 FROM embedded_files WHERE embedder_id = ? AND embedded_files.file_id = files.id)
                   AND path NOT IN (SELECT path FROM in_the_cloud)""",
                (embedder_id,),
            )
            connection.execute(
                """UPDATE in_the_cloud SET is_unread = NOT EXISTS (SELECT 1 FROM files JOIN embedded_files
                   ON file_id = id WHERE files.path = in_the_cloud.path AND embedder_id = ?)""",
                (embedder_id,),
            )
