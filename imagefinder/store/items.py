"""Table of items: the pictures and pages that files hold."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from imagefinder.domain.array_types import IdArray
from imagefinder.domain.items import ItemKind, PartFacts
from imagefinder.store.connection import Database
from imagefinder.store.files import is_gone
from imagefinder.store.path_encoding import decode, encode, folder_range
from imagefinder.store.texts import TextTable

# UNION ALL rather than OR, for which SQLite would first collect the rows of both sides to remove duplicates.
_BELOW = """
    SELECT i.id FROM files AS f JOIN items AS i ON i.file_id = f.id WHERE f.path = ?
    UNION ALL
    SELECT i.id FROM files AS f JOIN items AS i ON i.file_id = f.id WHERE f.path >= ? AND f.path < ?"""
_KINDS = {kind.value: kind for kind in ItemKind}


class ItemRecord(NamedTuple):
    """Data of an item that a hit shows.

    A page of results creates hundreds of these; a named tuple takes a fifth of the time of a dataclass.
    """

    id: int
    file: str
    """The file's path as a string; see ``path``."""
    part: int
    parts: int
    kind: ItemKind
    offline: bool
    hash: bytes
    size: int
    """Size of the file in bytes."""
    mtime_ns: int
    width: int
    height: int
    taken_at: str | None
    copies: int
    """Number of files with this content, without those of gone sources, and at most 1,000."""
    gone: bool
    """Whether it is ``offline`` because its source is gone, rather than because its drive is away."""
    hidden: bool
    file_id: int

    @property
    def path(self) -> Path:
        """Path of the file."""
        return Path(self.file)


class ItemTable:
    """Reads and writes items."""

    def __init__(self, db: Database, texts: TextTable) -> None:
        self._db = db
        self._texts = texts

    def put(self, file_id: int, name: str, part: int, facts: PartFacts) -> int:
        """Add an item with its words, or find the existing one; return its id."""
        with self._db.transaction() as connection:
            row = connection.execute(
                """INSERT INTO items (file_id, part, kind, width, height, taken_at)
                   VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (file_id, part) DO NOTHING RETURNING id""",
                (file_id, part, facts.kind, facts.width, facts.height, facts.taken_at),
            ).fetchone()
            if row is None:
                known = self.id_of(file_id, part)
                assert known is not None
                return known
            self._texts.put(row[0], name, facts.text)
        return int(row[0])

    def rename(self, file_id: int, name: str) -> None:
        """Record the new name of the file that holds these items."""
        self._texts.rename(file_id, name)

    def copy(self, from_file: int, to_file: int, name: str) -> list[int]:
        """Copy items, vectors and words to another file with the same content, which keeps those it has.

        Returns:
            The ids of its items.
        """
        new_ids = []
        with self._db.transaction() as connection:
            old_ids = [
                row[0]
                for row in connection.execute(
                    "SELECT id FROM items WHERE file_id = ? ORDER BY part", (from_file,)
                )
            ]
            for old_id in old_ids:
                connection.execute(
                    """INSERT OR IGNORE INTO items (file_id, part, kind, width, height, taken_at, hidden)
                       SELECT ?, part, kind, width, height, taken_at, hidden FROM items WHERE id = ?""",
                    (to_file, old_id),
                )
                (new_id,) = connection.execute(
                    "SELECT id FROM items WHERE file_id = ? AND part = (SELECT part FROM items WHERE id = ?)",
                    (to_file, old_id),
                ).fetchone()
                connection.execute(
                    """INSERT OR IGNORE INTO embeddings (item_id, embedder_id, vector)
                       SELECT ?, embedder_id, vector FROM embeddings WHERE item_id = ?""",
                    (new_id, old_id),
                )
                self._texts.copy(old_id, new_id, name)
                new_ids.append(int(new_id))
            connection.execute(
                """INSERT OR IGNORE INTO embedded_files (embedder_id, file_id)
                   SELECT embedder_id, ? FROM embedded_files WHERE file_id = ?""",
                (to_file, from_file),
            )
        return new_ids

    def ids_of_files(self, file_ids: Iterable[int]) -> list[int]:
        """Return the ids of the items of these files."""
        rows = self._db.connection.execute(
            "SELECT id FROM items WHERE file_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(file_ids)),),
        )
        return [row[0] for row in rows]

    def id_of(self, file_id: int, part: int) -> int | None:
        """Return the id of the item of a file's part, or None."""
        row = self._db.connection.execute(
            "SELECT id FROM items WHERE file_id = ? AND part = ?", (file_id, part)
        ).fetchone()
        return int(row[0]) if row else None

    def delete_of_file(self, file_id: int) -> None:
        """Delete all items of a file, and the record that it was processed with any embedder."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM items WHERE file_id = ?", (file_id,))
            connection.execute("DELETE FROM embedded_files WHERE file_id = ?", (file_id,))

    def embedded_parts(self, file_id: int, embedder_id: int) -> frozenset[int]:
        """Return the parts of a file that have a vector of this embedder."""
        rows = self._db.connection.execute(
            """SELECT i.part FROM items AS i JOIN embeddings AS e ON e.item_id = i.id
               WHERE i.file_id = ? AND e.embedder_id = ?""",
            (file_id, embedder_id),
        )
        return frozenset(row[0] for row in rows)

    def below(self, paths: Sequence[Path]) -> IdArray:
        """Return the ids of items of files at or below any of these paths: ascending int64, no duplicates."""
        import numpy as np  # imported late: only some searches need it

        # Fetched as one string, which takes a third of the time: most of it goes into handing over rows one
        # by one.
        texts = [
            self._db.connection.execute(f"SELECT group_concat(id) FROM ({_BELOW})", _below(path)).fetchone()[
                0
            ]
            for path in paths
        ]
        ids = np.sort(np.concatenate([np.fromstring(text or "", np.int64, sep=",") for text in ("", *texts)]))
        return ids[np.flatnonzero(np.diff(ids, prepend=0))]

    def are_below(self, path: Path) -> bool:
        """Whether there are items of files at or below this path."""
        row = self._db.connection.execute(f"SELECT EXISTS ({_BELOW})", _below(path)).fetchone()
        return bool(row[0])

    def records(self, item_ids: Iterable[int]) -> dict[int, ItemRecord]:
        """Return the records of items by id. Deleted items are left out."""
        wanted = list(item_ids)
        if not wanted:
            return {}
        rows = self._db.connection.execute(
            f"""SELECT i.id, f.path, i.part, f.parts, i.kind, f.offline, f.hash, f.size, f.mtime_ns, i.width,
                 i.height, i.taken_at,
                 (SELECT count(*) FROM
                   (SELECT 1 FROM files AS c WHERE c.hash = f.hash AND NOT {is_gone("c")} LIMIT 1000)),
                 {is_gone("f")}, i.hidden, f.id
               FROM items AS i JOIN files AS f ON f.id = i.file_id
               WHERE i.id IN (SELECT value FROM json_each(?))""",
            (json.dumps(wanted),),
        )
        return {row[0]: _record(row) for row in rows}

    def living_copies(self, record: ItemRecord) -> list[tuple[int, Path]]:
        """Return the reachable items with the same content and part, with the paths of their files."""
        rows = self._db.connection.execute(
            """SELECT i.id, f.path FROM files AS f JOIN items AS i ON i.file_id = f.id
               WHERE f.hash = ? AND i.part = ? AND i.id <> ? AND NOT f.offline""",
            (record.hash, record.part, record.id),
        )
        return [(item_id, Path(decode(path))) for item_id, path in rows]

    def record(self, item_id: int) -> ItemRecord | None:
        """Return the record of one item; None if it was deleted."""
        return self.records([item_id]).get(item_id)

    def set_hidden(self, item_ids: Iterable[int], hidden: bool) -> None:
        """Hide items and all their copies from results, or show them again."""
        with self._db.transaction() as connection:
            connection.execute(
                """UPDATE items SET hidden = ?1 WHERE hidden <> ?1 AND id IN (
                     SELECT copy.id FROM items AS i
                     JOIN files AS f ON f.id = i.file_id
                     JOIN files AS twin ON twin.hash = f.hash
                     JOIN items AS copy ON copy.file_id = twin.id AND copy.part = i.part
                     WHERE i.id IN (SELECT value FROM json_each(?2)))""",
                (hidden, json.dumps(list(item_ids))),
            )

    def are_any(self) -> bool:
        """Whether there are any items."""
        return bool(self._db.connection.execute("SELECT EXISTS (SELECT 1 FROM items)").fetchone()[0])

    def count(self) -> int:
        """Return the number of items."""
        return int(self._db.connection.execute("SELECT count(*) FROM items").fetchone()[0])


def _record(row: tuple[Any, ...]) -> ItemRecord:
    item_id, path, part, parts, kind, offline, *facts, gone, hidden, file_id = row
    place = (item_id, decode(path), part, parts)
    return ItemRecord._make((*place, _KINDS[kind], bool(offline), *facts, bool(gone), bool(hidden), file_id))


def _below(path: Path) -> tuple[bytes, bytes, bytes]:
    """Return the parameters of ``_BELOW``."""
    return encode(path), *folder_range(path)
