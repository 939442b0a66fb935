"""Table of the sources that a user has added."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from imagefinder.domain.sources import Source, SourceKind, SourceOptions, SourceStatus
from imagefinder.store.connection import Database
from imagefinder.store.path_encoding import decode, encode

_COLUMNS = "id, path, kind, options, mounts, volume, offline, gone, scanned_at"


class SourceTable:
    """Reads and writes sources."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(
        self,
        path: Path,
        kind: SourceKind,
        options: SourceOptions,
        mounts: Iterable[str] = (),
        volume: str = "",
    ) -> Source:
        """Add a source, or change the options of an existing one.

        If the options differ, the selection of files is unknown until the next scan, so the last one no
        longer counts as complete.

        Args:
            path: the folder or file.
            kind: which of the two it is.
            options: the source's options.
            mounts: mount points of its files.
            volume: identifier of the file system it is on.
        """
        with self._db.transaction() as connection:
            row = connection.execute(
                f"""INSERT INTO sources (path, kind, options, mounts, volume) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (path) DO UPDATE SET kind = excluded.kind, options = excluded.options,
                      mounts = excluded.mounts, volume = excluded.volume,
                      scan_complete = scan_complete AND kind = excluded.kind AND options = excluded.options
                    RETURNING {_COLUMNS}""",
                (encode(path), kind, json.dumps(asdict(options)), json.dumps(sorted(mounts)), volume),
            ).fetchone()
        return _source(row)

    def remove(self, source_id: int) -> None:
        """Delete a source and its memberships.

        The caller must delete files that no source contains any more.
        """
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM sources WHERE id = ?", (source_id,))

    def all(self) -> list[Source]:
        """Return all sources in the order in which they were added."""
        rows = self._db.connection.execute(f"SELECT {_COLUMNS} FROM sources ORDER BY id")
        return [_source(row) for row in rows]

    def of_file(self, file_id: int) -> list[Source]:
        """Return the sources that contain a file."""
        rows = self._db.connection.execute(
            f"SELECT {_COLUMNS} FROM sources WHERE id IN (SELECT source_id FROM memberships WHERE file_id = ?)",
            (file_id,),
        )
        return [_source(row) for row in rows]

    def set_absent(self, source_id: int, *, gone: bool) -> None:
        """Mark a source as ``gone``, or else as offline."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE sources SET offline = ?, gone = ? WHERE id = ?", (not gone, gone, source_id)
            )

    def begin_scan(self, source_id: int) -> None:
        """Mark a source's scan as incomplete, until ``set_scanned``."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE sources SET scan_complete = 0 WHERE id = ?", (source_id,))

    def set_scanned(
        self, source_id: int, mounts: Iterable[str], volume: str, passed_over: Mapping[str, int] | None = None
    ) -> None:
        """Record a finished scan of a whole source.

        Args:
            source_id: the source.
            mounts: mount points of its files.
            volume: identifier of the file system that the source itself is on.
            passed_over: numbers of files without a reader, by extension.
        """
        with self._db.transaction() as connection:
            connection.execute(
                """UPDATE sources SET scanned_at = ?, mounts = ?, volume = ?, passed_over = ?, offline = 0, gone = 0,
                     scan_complete = 1 WHERE id = ?""",
                (
                    time.time(),
                    json.dumps(sorted(mounts)),
                    volume,
                    json.dumps(dict(passed_over or {})),
                    source_id,
                ),
            )

    def set_scanned_in_part(self, source_id: int, mounts: Iterable[str]) -> None:
        """Record a scan of a part of a source, with all mount points known now."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE sources SET mounts = ?, offline = 0, gone = 0 WHERE id = ?",
                (json.dumps(sorted(mounts)), source_id),
            )

    def status(self) -> list[SourceStatus]:
        """Return all sources with their counts. The cost does not depend on the size of the library."""
        rows = self._db.connection.execute(
            f"""SELECT {_COLUMNS}, files, items, unreadable, CASE WHEN gone THEN 0 ELSE offline_files END,
                  CASE WHEN offline OR gone THEN 0 ELSE pending END,
                  CASE WHEN offline OR gone THEN 0 ELSE in_the_cloud END, scan_complete, passed_over
                FROM sources ORDER BY id"""
        )
        return [
            SourceStatus(
                _source(row),
                files=files,
                items=items,
                unreadable=unreadable,
                offline_files=offline,
                pending=pending,
                in_the_cloud=in_the_cloud,
                scan_complete=bool(scan_complete),
                passed_over=json.loads(passed_over),
            )
            for *row, files, items, unreadable, offline, pending, in_the_cloud, scan_complete, passed_over in rows
        ]


def _source(row: Sequence[Any]) -> Source:
    source_id, path, kind, options, mounts, volume, offline, gone, scanned_at = row
    values = json.loads(options)
    return Source(
        id=source_id,
        path=Path(decode(path)),
        kind=SourceKind(kind),
        options=SourceOptions(
            recursive=values["recursive"],
            include=tuple(values["include"]),
            exclude=tuple(values["exclude"]),
            extensions=tuple(values["extensions"]),
        ),
        mounts=tuple(Path(mount) for mount in json.loads(mounts)),
        volume=volume,
        offline=bool(offline),
        gone=bool(gone),
        scanned_at=scanned_at,
    )
