"""Contents to be careful with, and how often each took too long to decode."""

from collections.abc import Iterable

from imagefinder.store.connection import Database


class SuspectTable:
    """Reads and writes suspects, by content hash.

    The column is called ``deaths`` because earlier versions counted how often the program died over a content.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, digests: Iterable[bytes]) -> None:
        """A run died while these contents were in hand."""
        rows = [(digest,) for digest in digests]
        if rows:
            with self._db.transaction() as connection:
                connection.executemany("INSERT OR IGNORE INTO suspects (hash, deaths) VALUES (?, 0)", rows)

    def add_overdue(self, digest: bytes) -> None:
        """This content took too long to decode."""
        with self._db.transaction() as connection:
            connection.execute(
                """INSERT INTO suspects (hash, deaths) VALUES (?, 1)
                   ON CONFLICT (hash) DO UPDATE SET deaths = deaths + 1""",
                (digest,),
            )

    def all(self) -> dict[bytes, int]:
        """How often each suspect took too long."""
        return dict(self._db.connection.execute("SELECT hash, deaths FROM suspects").fetchall())

    def remove(self, digest: bytes) -> None:
        """This content was read and all is well."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM suspects WHERE hash = ?", (digest,))
