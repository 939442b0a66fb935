"""Table of files and of their memberships in sources."""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from imagefinder.domain.items import FileStat, UnreadableFile
from imagefinder.domain.reasons import Reason
from imagefinder.store.connection import Database
from imagefinder.store.path_encoding import decode, encode, folder_range

_COLUMNS = """f.id, f.path, f.size, f.mtime_ns, f.hash, f.parts, f.problem, f.problem_parameters, f.offline,
    EXISTS (SELECT 1 FROM embedded_files AS e WHERE e.file_id = f.id AND e.embedder_id = :embedder)"""


def is_gone(alias: str) -> str:
    """Return SQL that tells whether the file with this table alias belongs to a gone source."""
    return f"""({alias}.offline AND EXISTS (SELECT 1 FROM memberships JOIN sources ON sources.id = source_id
        WHERE file_id = {alias}.id AND sources.gone))"""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as recorded in the library."""

    id: int
    path: str
    size: int
    mtime_ns: int
    hash: bytes | None
    parts: int
    problem: Reason | None
    offline: bool
    complete: bool
    """Whether all its parts have been processed with the given embedder."""

    def says_all_of(self, path: str) -> bool:
        """Whether what is recorded for this file also holds for a file at ``path`` with the same content.

        Some formats are recognised by extension only, so content that is unreadable under one name may be
        readable under another.
        """
        same_kind = os.path.splitext(self.path)[1].lower() == os.path.splitext(path)[1].lower()  # noqa: PTH122
        return self.complete and (self.parts > 0 or same_kind)

    def is_as_on_disk(self, stat: FileStat) -> bool:
        """Whether size and modification time show that the content has not changed."""
        return self.size == stat.size and self.mtime_ns == stat.mtime_ns


class FileSummary(NamedTuple):
    """The columns of a file that a scan compares.

    A scan may create millions of these; a named tuple takes a third of the time of a dataclass.
    """

    stored_path: bytes
    id: int
    size: int
    mtime_ns: int
    parts: int
    has_problem: int
    """1 if the file or a part of it cannot be read, else 0."""
    offline: int
    """1 if the file is offline, else 0."""
    complete: int
    """1 if all its parts have been processed with the given embedder, else 0."""
    is_member: int
    """1 if the given source contains it, 0 if only others do."""


_FEW = 32
"""Rows fetched at a time by queries of which mostly only the first row is needed."""


class FileTable:
    """Reads and writes files and their memberships in sources."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def below(self, path: Path, embedder_id: int, source_id: int) -> dict[str, FileSummary]:
        """Return all known files at or below ``path``, by path, regardless of the sources that contain them."""
        low, high = folder_range(path)
        rows = self._db.connection.execute(
            """SELECT f.path, f.id, f.size, f.mtime_ns, f.parts, f.problem IS NOT NULL, f.offline,
                 EXISTS (SELECT 1 FROM embedded_files AS e WHERE e.file_id = f.id AND e.embedder_id = :embedder),
                 EXISTS (SELECT 1 FROM memberships AS m WHERE m.file_id = f.id AND m.source_id = :source)
               FROM files AS f WHERE f.path = :path OR (f.path >= :low AND f.path < :high)""",
            {"embedder": embedder_id, "source": source_id, "path": encode(path), "low": low, "high": high},
        )
        return {decode(row[0]): FileSummary._make(row) for row in rows}

    def ancestors_below(self, folder: Path, depth: int) -> set[Path]:
        """Return the leading ``depth`` components of the paths of all known files below a folder.

        Reads the paths of all these files.
        """
        rows = self._db.connection.execute(
            "SELECT path FROM files WHERE path >= ? AND path < ?", folder_range(folder)
        )
        starts = {"/".join(decode(row[0]).replace(os.sep, "/").split("/")[:depth]) for row in rows}
        return set(map(Path, starts))

    def by_path(self, path: str, embedder_id: int) -> KnownFile | None:
        """Return the file with exactly this path, or None."""
        row = self._db.connection.execute(
            f"SELECT {_COLUMNS} FROM files AS f WHERE f.path = :path",
            {"embedder": embedder_id, "path": encode(path)},
        ).fetchone()
        return _known(row) if row else None

    def by_hash(self, digest: bytes, embedder_id: int, after: int = 0) -> Iterator[KnownFile]:
        """Yield the files with this content and an id above ``after``, by id.

        They are fetched a few at a time, because there may be many.
        """
        while True:
            rows = self._db.connection.execute(
                f"""SELECT {_COLUMNS} FROM files AS f WHERE f.hash = :hash AND f.id > :after
                    ORDER BY f.id LIMIT :few""",
                {"embedder": embedder_id, "hash": digest, "after": after, "few": _FEW},
            ).fetchall()
            for row in rows:
                file = _known(row)
                after = file.id
                yield file
            if len(rows) < _FEW:
                return

    def member_ids(self, source_id: int) -> set[int]:
        """Return the ids of the files that a source contains."""
        rows = self._db.connection.execute(
            "SELECT file_id FROM memberships WHERE source_id = ?", (source_id,)
        )
        return {row[0] for row in rows}

    def put(
        self,
        stat: FileStat,
        digest: bytes | None,
        parts: int,
        problem: Reason | None,
        source_ids: Iterable[int],
    ) -> int:
        """Add a file, or update the one at this path, and return its id."""
        with self._db.transaction() as connection:
            (file_id,) = connection.execute(
                """INSERT INTO files (path, size, mtime_ns, hash, parts, problem, problem_parameters)
                     VALUES (?, ?, ?, ?, ?, ?, ?)
                   ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns,
                     hash = excluded.hash, parts = excluded.parts, problem = excluded.problem,
                     problem_parameters = excluded.problem_parameters, offline = 0
                   RETURNING id""",
                (encode(stat.path), stat.size, stat.mtime_ns, digest, parts, *_columns_of(problem)),
            ).fetchone()
            for source_id in source_ids:
                self.join(source_id, [file_id])
        return int(file_id)

    def move(self, file_id: int, stat: FileStat, source_ids: Iterable[int]) -> None:
        """Change the path of a file, and replace its sources."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE files SET path = ?, size = ?, mtime_ns = ?, offline = 0 WHERE id = ?",
                (encode(stat.path), stat.size, stat.mtime_ns, file_id),
            )
            connection.execute("DELETE FROM memberships WHERE file_id = ?", (file_id,))
            for source_id in source_ids:
                self.join(source_id, [file_id])

    def add_problem(self, file_id: int, problem: Reason) -> None:
        """Record why the file or a part of it cannot be read, unless it has a reason already."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE files SET problem = ?, problem_parameters = ? WHERE id = ? AND problem IS NULL",
                (*_columns_of(problem), file_id),
            )

    def set_complete(self, file_id: int, embedder_id: int) -> None:
        """Record that all parts of the file have been processed with this embedder."""
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO embedded_files (embedder_id, file_id) VALUES (?, ?)",
                (embedder_id, file_id),
            )

    def forget_problems(self, paths: Iterable[Path]) -> set[bytes]:
        """Let the next scan read these files and their copies again, if they have a problem.

        Returns:
            The hashes of their contents.
        """
        with self._db.transaction() as connection:
            digests: set[bytes] = set()
            for path in paths:
                digests.update(
                    row[0]
                    for row in connection.execute(
                        """SELECT hash FROM files
                           WHERE path = ? AND problem IS NOT NULL AND hash IS NOT NULL""",
                        (encode(path),),
                    )
                )
            connection.executemany(
                """DELETE FROM embedded_files WHERE file_id IN
                     (SELECT id FROM files WHERE hash = ? AND problem IS NOT NULL)""",
                ((digest,) for digest in digests),
            )
        return digests

    def copies(self, digest: bytes, *, but: int) -> list[Path]:
        """Return the sorted paths of the files with this content, except one file and those of gone sources."""
        rows = self._db.connection.execute(
            f"SELECT path FROM files AS f WHERE hash = ? AND id <> ? AND NOT {is_gone('f')} ORDER BY path",
            (digest, but),
        )
        return [Path(decode(row[0])) for row in rows]

    def set_offline(self, file_ids: Iterable[int], offline: bool) -> None:
        """Mark files as offline, or as reachable."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE files SET offline = ? WHERE id IN (SELECT value FROM json_each(?))",
                (offline, json.dumps(list(file_ids))),
            )

    def set_source_offline(self, source_id: int, offline: bool) -> int:
        """Mark all files of a source as offline or reachable, and return their number."""
        ids = self.member_ids(source_id)
        self.set_offline(ids, offline)
        return len(ids)

    def join(self, source_id: int, file_ids: Iterable[int]) -> None:
        """Add files to a source."""
        with self._db.transaction() as connection:
            connection.executemany(
                "INSERT OR IGNORE INTO memberships (source_id, file_id) VALUES (?, ?)",
                ((source_id, file_id) for file_id in file_ids),
            )

    def leave(self, source_id: int, file_ids: Iterable[int]) -> None:
        """Remove files from a source."""
        with self._db.transaction() as connection:
            connection.executemany(
                "DELETE FROM memberships WHERE source_id = ? AND file_id = ?",
                ((source_id, file_id) for file_id in file_ids),
            )

    def orphans(self, file_ids: Iterable[int]) -> list[int]:
        """Return those of these files that no source contains."""
        rows = self._db.connection.execute(
            """SELECT id FROM files WHERE id IN (SELECT value FROM json_each(?))
               AND NOT EXISTS (SELECT 1 FROM memberships WHERE file_id = files.id)""",
            (json.dumps(list(file_ids)),),
        )
        return [row[0] for row in rows]

    def delete(self, file_ids: Iterable[int]) -> None:
        """Delete files with their items, vectors and words."""
        with self._db.transaction() as connection:
            connection.executemany("DELETE FROM files WHERE id = ?", ((file_id,) for file_id in file_ids))

    def hashes(self, file_ids: Iterable[int]) -> set[bytes]:
        """Return the content hashes of these files."""
        rows = self._db.connection.execute(
            "SELECT hash FROM files WHERE hash IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(file_ids)),),
        )
        return {row[0] for row in rows}

    def count_read(self, file_ids: Iterable[int]) -> int:
        """Return how many of these files could be opened at least once."""
        row = self._db.connection.execute(
            """SELECT count(*) FROM files WHERE hash IS NOT NULL
               AND id IN (SELECT value FROM json_each(?))""",
            (json.dumps(list(file_ids)),),
        ).fetchone()
        return int(row[0])

    def has_hash(self, digest: bytes) -> bool:
        """Whether any file has this content."""
        return bool(
            self._db.connection.execute(
                "SELECT EXISTS (SELECT 1 FROM files WHERE hash = ?)", (digest,)
            ).fetchone()[0]
        )

    def unreadable(self, source: Path | None = None) -> list[UnreadableFile]:
        """Return the files that cannot be read, or only in part, with their reasons, sorted by path.

        Args:
            source: path of the source to look at; None for all sources.
        """
        rows = self._db.connection.execute(
            # The plus prevents SQLite from using the index on paths, which would save sorting but visit every
            # file.
            """SELECT path, problem, problem_parameters FROM files
               WHERE problem IS NOT NULL AND (?1 IS NULL OR EXISTS (
                 SELECT 1 FROM memberships AS m JOIN sources AS s ON s.id = m.source_id
                 WHERE m.file_id = files.id AND s.path = ?1)) ORDER BY +path""",
            (None if source is None else encode(source),),
        )
        return [UnreadableFile(Path(decode(path)), _reason(*problem)) for path, *problem in rows]


def _known(
    row: tuple[int, bytes, int, int, bytes | None, int, str | None, str | None, int, int],
) -> KnownFile:
    file_id, path, size, mtime_ns, digest, parts, code, parameters, offline, complete = row
    problem = None if code is None else _reason(code, parameters)
    return KnownFile(
        file_id, decode(path), size, mtime_ns, digest, parts, problem, bool(offline), bool(complete)
    )


def _columns_of(reason: Reason | None) -> tuple[str | None, str | None]:
    if reason is None:
        return None, None
    return reason.code, json.dumps(dict(reason.parameters)) if reason.parameters else None


def _reason(code: str, parameters: str | None) -> Reason:
    return Reason(code, json.loads(parameters) if parameters else {})
