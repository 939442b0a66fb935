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
    """Vectors as they come back from the store: rounded to float16, then of unit length again.

    Shape and dtype (n, dimension) float32 stay. Rounding moves a cosine by less than 1e-3. Searching
    what was stored, not what was computed, makes an index the same before and after a restart.
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
    """An embedder that the library has, or had, vectors of."""

    id: int
    name: str
    dimension: int


class EmbeddingTable:
    """Reads and writes vectors."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def embedder(self, name: str, dimension: int) -> EmbedderRecord | None:
        """What the library knows of an embedder by its ``Embedder.id``; None before its first vector."""
        row = self._db.connection.execute(
            "SELECT id FROM embedders WHERE name = ? AND dimension = ?", (name, dimension)
        ).fetchone()
        return EmbedderRecord(row[0], name, dimension) if row else None

    def register(self, name: str, dimension: int) -> EmbedderRecord:
        """The record of an embedder, made when it is new."""
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
        """How many vectors there are by embedder name."""
        embedders = self._db.connection.execute("SELECT id, name FROM embedders ORDER BY id").fetchall()
        return {name: self.count(embedder_id) for embedder_id, name in embedders}

    def count(self, embedder_id: int) -> int:
        """How many vectors an embedder has."""
        # Nearly every library has one embedder, and counting all rows takes a tenth of looking whose each is.
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
        """How many items belong to files that an embedder has not dealt with whole; and of those, how many to
        files that cannot be read now (their drive is away, they are online only, or gave trouble the last time)."""
        row = self._db.connection.execute(
            """SELECT coalesce(sum(items), 0), coalesce(sum(items) FILTER (WHERE offline OR problem IS NOT NULL
                 OR EXISTS (SELECT 1 FROM in_the_cloud WHERE in_the_cloud.path = files.path)), 0)
               FROM files WHERE items > 0 AND NOT EXISTS
               (SELECT 1 FROM embedded_files WHERE embedder_id = ? AND file_id = files.id)""",
            (embedder_id,),
        ).fetchone()
        return int(row[0]), int(row[1])

    def forget(self, name: str) -> int:
        """Delete all vectors of an embedder, known by its ``Embedder.id``; returns how many there were.

        In many short transactions: others may write meanwhile. Interrupted, it goes on when called again; no file
        counts as dealt with by this embedder from the first step on.
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
        """A number that grows whenever the embedder's vectors change."""
        row = self._db.connection.execute(
            "SELECT revision FROM embedders WHERE id = ?", (embedder_id,)
        ).fetchone()
        return int(row[0]) if row else 0

    def stamp_checkpoint(self, embedder_id: int) -> int:
        """A random number for the checkpoint of the index that is about to be written; it stands for this moment.

        A revision alone would not do: after a backup of the database is put back, the same numbers, of
        revisions and of items, come again with other vectors.
        """
        stamp = secrets.randbits(62)
        with self._db.transaction() as connection:
            # An earlier one stays good until a new file stands, which may take several tries (on a full disk).
            stamps = [*self.checkpoints(embedder_id).items(), (stamp, self.revision(embedder_id))][
                -_STAMPS_KEPT:
            ]
            connection.execute(
                "UPDATE embedders SET checkpoints = ? WHERE id = ?", (json.dumps(stamps), embedder_id)
            )
        return stamp

    def checkpoints(self, embedder_id: int) -> dict[int, int]:
        """The revisions at which the last checkpoints were stamped, by stamp; no other is of this database."""
        (stamps,) = self._db.connection.execute(
            "SELECT checkpoints FROM embedders WHERE id = ?", (embedder_id,)
        ).fetchone()
        return dict(json.loads(stamps))

    def snapshot(self) -> AbstractContextManager[None]:
        """Inside, the revision, the ids and the vectors read belong together."""
        return self._db.snapshot()

    def touch(self, embedder_id: int | None = None) -> None:
        """Raise the revision of an embedder, or of all (where items went that any may have had)."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE embedders SET revision = revision + 1 WHERE ?1 IS NULL OR id = ?1", (embedder_id,)
            )

    def add(self, embedder_id: int, item_ids: Sequence[int], vectors: FloatArray) -> None:
        """Store vectors, (n, dimension) float32; one that is there is replaced."""
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
        """The items that have a vector, ascending int64."""
        import numpy as np

        rows = self._db.connection.execute(
            "SELECT item_id FROM embeddings WHERE embedder_id = ? ORDER BY item_id", (embedder_id,)
        )
        return np.fromiter((row[0] for row in rows), dtype=np.int64)

    def read(self, embedder_id: int, item_ids: Iterable[int]) -> tuple[IdArray, FloatArray]:
        """The vectors of these items that have one: ids (n,) ascending, vectors (n, dimension), unit length."""
        rows = self._db.connection.execute(
            """SELECT item_id, vector FROM embeddings WHERE embedder_id = ?
               AND item_id IN (SELECT value FROM json_each(?)) ORDER BY item_id""",
            (embedder_id, json.dumps([int(item_id) for item_id in item_ids])),
        ).fetchall()
        return _arrays(rows)

    def stream(self, embedder_id: int) -> Iterator[tuple[IdArray, FloatArray]]:
        """All vectors of an embedder in chunks of bounded size, each as ``read`` gives them, by ascending id."""
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
