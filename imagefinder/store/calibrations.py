"""Table of calibrations: the vectors of the bank of unrelated queries, by embedder."""

from imagefinder.domain.array_types import FloatArray
from imagefinder.store.connection import Database

_STORED = "<f2"


class CalibrationTable:
    """Reads and writes the bank's vectors, by embedder. A bank is identified by its hash."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def has(self, embedder_id: int, bank: str) -> bool:
        """Whether this bank is embedded. Reads no vectors."""
        row = self._db.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM calibrations WHERE embedder_id = ? AND bank = ?)",
            (embedder_id, bank),
        ).fetchone()
        return bool(row[0])

    def read(self, embedder_id: int, bank: str) -> FloatArray | None:
        """Return the vectors, (queries, dimension) float32; None if this bank is not embedded yet."""
        import numpy as np  # imported late: only a search reads them

        row = self._db.connection.execute(
            """SELECT vectors, dimension FROM calibrations JOIN embedders ON embedders.id = embedder_id
               WHERE embedder_id = ? AND bank = ?""",
            (embedder_id, bank),
        ).fetchone()
        if row is None or len(row[0]) % (np.dtype(_STORED).itemsize * row[1]):
            return None
        return np.frombuffer(row[0], _STORED).reshape(-1, row[1]).astype(np.float32)

    def write(self, embedder_id: int, bank: str, vectors: FloatArray) -> None:
        """Store the vectors, (queries, dimension), replacing those of another bank."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO calibrations (embedder_id, bank, vectors) VALUES (?, ?, ?)",
                (embedder_id, bank, vectors.astype(_STORED).tobytes()),
            )
