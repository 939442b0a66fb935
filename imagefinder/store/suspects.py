"""Table of suspects: contents to decode in decoder processes."""

from collections.abc import Iterable

from imagefinder.store.connection import Database


class SuspectTable:
    """Reads and writes suspects by content hash, with the number of jobs in which each took too long.

    The column is called ``deaths`` because earlier versions counted crashes.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, digests: Iterable[bytes]) -> None:
        """Add contents that were being decoded when the program crashed."""
        rows = [(digest,) for digest in digests]
        if rows:
            with self._db.transaction() as connection:
                connection.executemany("INSERT OR IGNORE INTO suspects (hash, deaths) VALUES (?, 0)", rows)

    def add_overdue(self, digest: bytes) -> None:
        """Record that a content took too long to decode."""
        with self._db.transaction() as connection:
            connection.execute(
                """INSERT INTO suspects (hash, deaths) VALUES (?, 1)
                   ON CONFLICT (hash) DO UPDATE SET deaths = deaths + 1""",
                (digest,),
            )

    def all(self) -> dict[bytes, int]:
        """Return how often each suspect took too long."""
        return dict(self._db.connection.execute("SELECT hash, deaths FROM suspects").fetchall())

    def remove(self, digest: bytes) -> None:
        """Remove a content that was read without a problem."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM suspects WHERE hash = ?", (digest,))
