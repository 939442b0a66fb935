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

# Not with OR: SQLite would gather the rows of both sides first, to give none twice.
_BELOW = """
    SELECT i.id FROM files AS f JOIN items AS i ON i.file_id = f.id WHERE f.path = ?
    UNION ALL
    SELECT i.id FROM files AS f JOIN items AS i ON i.file_id = f.id WHERE f.path >= ? AND f.path < ?"""
_KINDS = {kind.value: kind for kind in ItemKind}


class ItemRecord(NamedTuple):
    """What a hit shows of an item. A tuple, because a page of results makes hundreds: a fifth of a dataclass's time."""

    id: int
    file: str
    """The file's path; ``path`` gives it as such."""
    part: int
    parts: int
    kind: ItemKind
    offline: bool
    hash: bytes
    size: int
    """Bytes of the file."""
    mtime_ns: int
    width: int
    height: int
    taken_at: str | None
    copies: int
    """How many files have this content, without those that are gone; nothing above 1,000 is counted."""
    gone: bool
    """Whether it is ``offline`` because its source is gone, rather than its drive."""
    hidden: bool
    file_id: int

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)


class ItemTable:
    """Reads and writes items."""

    def __init__(self, db: Database, texts: TextTable) -> None:
        self._db = db
        self._texts = texts

    def put(self, file_id: int, name: str, part: int, facts: PartFacts) -> int:
        """Add an item with its words, or find the one that is there; returns its id."""
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
        """The file that holds these items has a new name."""
        self._texts.rename(file_id, name)

    def copy(self, from_file: int, to_file: int, name: str) -> list[int]:
        """Give a file the items, vectors and words of another with the same content; what it has itself stays.

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
        """The items that these files hold."""
        rows = self._db.connection.execute(
            "SELECT id FROM items WHERE file_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(file_ids)),),
        )
        return [row[0] for row in rows]

    def id_of(self, file_id: int, part: int) -> int | None:
        """The item that a part of a file is."""
        row = self._db.connection.execute(
            "SELECT id FROM items WHERE file_id = ? AND part = ?", (file_id, part)
        ).fetchone()
        return int(row[0]) if row else None

    def delete_of_file(self, file_id: int) -> None:
        """Forget all items of a file, and that it was dealt with under any embedder."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM items WHERE file_id = ?", (file_id,))
            connection.execute("DELETE FROM embedded_files WHERE file_id = ?", (file_id,))

    def embedded_parts(self, file_id: int, embedder_id: int) -> frozenset[int]:
        """The parts of a file that have a vector under this embedder."""
        rows = self._db.connection.execute(
            """SELECT i.part FROM items AS i JOIN embeddings AS e ON e.item_id = i.id
               WHERE i.file_id = ? AND e.embedder_id = ?""",
            (file_id, embedder_id),
        )
        return frozenset(row[0] for row in rows)

    def below(self, paths: Sequence[Path]) -> IdArray:
        """The items of files that are one of these paths or lie below one: ascending int64, each once."""
        import numpy as np  # imported late: only some searches need it

        # As one text: a third of a million rows' time, most of which goes into handing them over one by one.
        texts = [
            self._db.connection.execute(f"SELECT group_concat(id) FROM ({_BELOW})", _below(path)).fetchone()[
                0
            ]
            for path in paths
        ]
        ids = np.sort(np.concatenate([np.fromstring(text or "", np.int64, sep=",") for text in ("", *texts)]))
        return ids[np.flatnonzero(np.diff(ids, prepend=0))]

    def are_below(self, path: Path) -> bool:
        """Whether there are items of files that are this path or lie below it."""
        row = self._db.connection.execute(f"SELECT EXISTS ({_BELOW})", _below(path)).fetchone()
        return bool(row[0])

    def records(self, item_ids: Iterable[int]) -> dict[int, ItemRecord]:
        """What hits show, by id; ids that are gone are left out."""
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
        """The items that show the same as this one and can be reached now, with their files."""
        rows = self._db.connection.execute(
            """SELECT i.id, f.path FROM files AS f JOIN items AS i ON i.file_id = f.id
               WHERE f.hash = ? AND i.part = ? AND i.id <> ? AND NOT f.offline""",
            (record.hash, record.part, record.id),
        )
        return [(item_id, Path(decode(path))) for item_id, path in rows]

    def record(self, item_id: int) -> ItemRecord | None:
        """What is known of one item; None when it is gone."""
        return self.records([item_id]).get(item_id)

    def set_hidden(self, item_ids: Iterable[int], hidden: bool) -> None:
        """Hide items from results, or show them again: with them every copy, which shows the same."""
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
        """Whether there is an item at all."""
        return bool(self._db.connection.execute("SELECT EXISTS (SELECT 1 FROM items)").fetchone()[0])

    def count(self) -> int:
        """How many items there are."""
        return int(self._db.connection.execute("SELECT count(*) FROM items").fetchone()[0])


def _record(row: tuple[Any, ...]) -> ItemRecord:
    item_id, path, part, parts, kind, offline, *facts, gone, hidden, file_id = row
    place = (item_id, decode(path), part, parts)
    return ItemRecord._make((*place, _KINDS[kind], bool(offline), *facts, bool(gone), bool(hidden), file_id))


def _below(path: Path) -> tuple[bytes, bytes, bytes]:
    """The parameters of ``_BELOW``."""
    return encode(path), *folder_range(path)
