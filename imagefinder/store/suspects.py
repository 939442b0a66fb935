"""Contents that the program died over, with how often."""

from imagefinder.store.connection import Database


class SuspectTable:
    """Reads and writes suspects, by content hash."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add_death(self, digest: bytes) -> None:
        """A run died while this content was in hand."""
        with self._db.transaction() as connection:
            connection.execute(
                """INSERT INTO suspects (hash, deaths) VALUES (?, 1)
                   ON CONFLICT (hash) DO UPDATE SET deaths = deaths + 1""",
                (digest,),
            )

    def all(self) -> dict[bytes, int]:
        """Deaths by content hash."""
        return dict(self._db.connection.execute("SELECT hash, deaths FROM suspects").fetchall())

    def remove(self, digest: bytes) -> None:
        """This content was read and all is well."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM suspects WHERE hash = ?", (digest,))
