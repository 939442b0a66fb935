"""Table of vectors: float16, by item and embedder."""

import json
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagefinder.domain.array_types import FloatArray as FloatArray
from imagefinder.domain.array_types import IdArray as IdArray
from imagefinder.store.connection import Database

if TYPE_CHECKING:
    import numpy as np  # imported late: only vectors need it
    from numpy.typing import NDArray

_STORED = "<f2"
_ROWS_A_READ = 4096
_STAMPS_KEPT = 16
_ROWS_A_DELETE = 20_000


def rounded(vectors: FloatArray) -> FloatArray:
    """Return vectors as the store would return them: rounded to float16 and normalised again.

    Shape and dtype, (n, dimension) float32, stay the same. Rounding changes a cosine by less than 1e-3.
    Because indexes contain the stored vectors rather than the computed ones, a restart does not change
    results.
    """
    return _unit(vectors.astype(_STORED))


def _unit(stored: "NDArray[np.float16]") -> FloatArray:
    import numpy as np

    vectors = stored.astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: FloatArray = vectors / np.maximum(norms, 1e-12)
    return result


@dataclass(frozen=True, slots=True)
class EmbedderRecord:
    """An embedder of which the library has, or had, vectors."""

    id: int
    name: str
    dimension: int


class EmbeddingTable:
    """Reads and writes vectors."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def embedder(self, name: str, dimension: int) -> EmbedderRecord | None:
        """Return the record of an embedder, given its ``Embedder.id``; None if there is none yet."""
        row = self._db.connection.execute(
            "SELECT id FROM embedders WHERE name = ? AND dimension = ?", (name, dimension)
        ).fetchone()
        return EmbedderRecord(row[0], name, dimension) if row else None

    def register(self, name: str, dimension: int) -> EmbedderRecord:
        """Return the record of an embedder, and create it if there is none.

        Raises:
            ValueError: the embedder is recorded with another dimension.
        """
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO embedders (name, dimension) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                (name, dimension),
            )
        record = self.embedder(name, dimension)
        if record is None:
            raise ValueError(f"embedder {name} is known with another dimension than {dimension}")
        return record

    def counts(self) -> dict[str, int]:
        """Return the number of vectors by embedder name."""
        embedders = self._db.connection.execute("SELECT id, name FROM embedders ORDER BY id").fetchall()
        return {name: self.count(embedder_id) for embedder_id, name in embedders}

    def count(self, embedder_id: int) -> int:
        """Return the number of an embedder's vectors."""
        # Nearly every library has one embedder, and counting all rows takes a tenth of the time of counting
        # by embedder.
        row = self._db.connection.execute(
            """SELECT CASE WHEN EXISTS (SELECT 1 FROM embedders WHERE id <> ?1)
                 THEN (SELECT count(*) FROM embeddings WHERE embedder_id = ?1)
                 ELSE (SELECT count(*) FROM embeddings) END""",
            (embedder_id,),
        )
        return int(row.fetchone()[0])

    def has_any(self, embedder_id: int) -> bool:
        """Whether an embedder has vectors."""
        row = self._db.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM embeddings WHERE embedder_id = ?)", (embedder_id,)
        )
        return bool(row.fetchone()[0])

    def left(self, embedder_id: int) -> tuple[int, int]:
        """Return how many items an embedder has yet to process, and how many of those cannot be read now.

        The former belong to files that are not completely processed with the embedder. Of these, the latter
        belong to files whose drive is away, that are online only, or that had a problem last time.
        """
        row = self._db.connection.execute(
            """SELECT coalesce(sum(items), 0), coalesce(sum(items) FILTER (WHERE offline OR problem IS NOT NULL
                 OR EXISTS (SELECT 1 FROM in_the_cloud WHERE in_the_cloud.path = files.path)), 0)
               FROM files WHERE items > 0 AND NOT EXISTS
               (SELECT 1 FROM embedded_files WHERE embedder_id = ? AND file_id = files.id)""",
            (embedder_id,),
        ).fetchone()
        return int(row[0]), int(row[1])

    def forget(self, name: str) -> int:
        """Delete all vectors of an embedder, given its ``Embedder.id``, and return how many there were.

        This takes many short transactions, so that others can write meanwhile. If interrupted, it continues
        when called again. From the first transaction on, no file counts as processed with this embedder.
        """
        row = self._db.connection.execute("SELECT id FROM embedders WHERE name = ?", (name,)).fetchone()
        if row is None:
            return 0
        embedder_id, removed = int(row[0]), 0
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM embedded_files WHERE embedder_id = ?", (embedder_id,))
            self.touch(embedder_id)
        (last,) = self._db.connection.execute("SELECT coalesce(max(id), 0) FROM items").fetchone()
        for start in range(1, last + 1, _ROWS_A_DELETE):
            with self._db.transaction() as connection:
                removed += connection.execute(
                    "DELETE FROM embeddings WHERE item_id BETWEEN ? AND ? AND embedder_id = ?",
                    (start, start + _ROWS_A_DELETE - 1, embedder_id),
                ).rowcount
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM embedders WHERE id = ?", (embedder_id,))
        return removed

    def revision(self, embedder_id: int) -> int:
        """Return a number that grows whenever the embedder's vectors change."""
        row = self._db.connection.execute(
            "SELECT revision FROM embedders WHERE id = ?", (embedder_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def stamp_checkpoint(self, embedder_id: int) -> int:
        """Return a random stamp for a checkpoint that is about to be written.

        The current revision is recorded with it. A revision alone would not identify the state: after a
        backup of the database is restored, the same revisions and item ids recur with other vectors.
        """
        stamp = secrets.randbits(62)
        with self._db.transaction() as connection:
            # Earlier stamps stay valid until a new checkpoint is written, which may take several attempts (on
            # a full disk).
            stamps = [*self.checkpoints(embedder_id).items(), (stamp, self.revision(embedder_id))][
                -_STAMPS_KEPT:
            ]
            connection.execute(
                "UPDATE embedders SET checkpoints = ? WHERE id = ?", (json.dumps(stamps), embedder_id)
            )
        return stamp

    def checkpoints(self, embedder_id: int) -> dict[int, int]:
        """Return the revisions at which the last checkpoints were stamped, by stamp.

        A checkpoint with another stamp does not belong to this state of the database.
        """
        (stamps,) = self._db.connection.execute(
            "SELECT checkpoints FROM embedders WHERE id = ?", (embedder_id,)
        ).fetchone()
        return dict(json.loads(stamps))

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all reads in the ``with`` block see one state of revision, ids and vectors."""
        return self._db.snapshot()

    def touch(self, embedder_id: int | None = None) -> None:
        """Increase the revision of one embedder, or of all.

        Use all after items were deleted or copied, because any embedder may have vectors of them.
        """
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE embedders SET revision = revision + 1 WHERE ?1 IS NULL OR id = ?1", (embedder_id,)
            )

    def add(self, embedder_id: int, item_ids: Sequence[int], vectors: FloatArray) -> None:
        """Store vectors, (n, dimension) float32, replacing existing ones of these items."""
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO embeddings (item_id, embedder_id, vector) VALUES (?, ?, ?)",
                (
                    (item_id, embedder_id, vector.tobytes())
                    for item_id, vector in zip(item_ids, vectors.astype(_STORED), strict=True)
                ),
            )
            self.touch(embedder_id)

    def ids(self, embedder_id: int) -> IdArray:
        """Return the ids of the items that have a vector, ascending, int64."""
        import numpy as np

        rows = self._db.connection.execute(
            "SELECT item_id FROM embeddings WHERE embedder_id = ? ORDER BY item_id", (embedder_id,)
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def read(self, embedder_id: int, item_ids: Iterable[int]) -> tuple[IdArray, FloatArray]:
        """Return the vectors of those items that have one: ids (n,), ascending, and vectors (n, dimension).

        The vectors are of unit length.
        """
        rows = self._db.connection.execute(
            """SELECT item_id, vector FROM embeddings WHERE embedder_id = ?
               AND item_id IN (SELECT value FROM json_each(?)) ORDER BY item_id""",
            (embedder_id, json.dumps([int(item_id) for item_id in item_ids])),
        ).fetchall()
        return _arrays(rows)

    def stream(self, embedder_id: int) -> Iterator[tuple[IdArray, FloatArray]]:
        """Yield all vectors of an embedder by ascending id, in chunks of bounded size; see ``read``."""
        cursor = self._db.connection.execute(
            "SELECT item_id, vector FROM embeddings WHERE embedder_id = ? ORDER BY item_id", (embedder_id,)
        )
        while rows := cursor.fetchmany(_ROWS_A_READ):
            yield _arrays(rows)


def _arrays(rows: list[tuple[int, bytes]]) -> tuple[IdArray, FloatArray]:
    import numpy as np

    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    if not rows:
        return ids, np.empty((0, 0), dtype=np.float32)
    stored = np.frombuffer(b"".join(row[1] for row in rows), dtype=_STORED).reshape(len(rows), -1)
    return ids, _unit(stored)
