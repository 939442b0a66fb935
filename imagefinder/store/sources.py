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
        """Add a source, or give one that is there the new options; ``mounts`` and ``volume`` say where it stands.

        With other options than before, which of its files are wanted is not known before the next scan.
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
        """Forget a source and its memberships; the files are the file table's to sweep."""
        with self._db.transaction() as connection:
            connection.execute("DELETE FROM sources WHERE id = ?", (source_id,))

    def all(self) -> list[Source]:
        """Every source, in the order they were added."""
        rows = self._db.connection.execute(f"SELECT {_COLUMNS} FROM sources ORDER BY id")
        return [_source(row) for row in rows]

    def of_file(self, file_id: int) -> list[Source]:
        """The sources that contain a file."""
        rows = self._db.connection.execute(
            f"SELECT {_COLUMNS} FROM sources WHERE id IN (SELECT source_id FROM memberships WHERE file_id = ?)",
            (file_id,),
        )
        return [_source(row) for row in rows]

    def set_absent(self, source_id: int, *, gone: bool) -> None:
        """The source cannot be reached: it is ``gone``, or else its drive is."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE sources SET offline = ?, gone = ? WHERE id = ?", (not gone, gone, source_id)
            )

    def begin_scan(self, source_id: int) -> None:
        """The walk of the source's folders begins; until ``set_scanned`` it is not complete."""
        with self._db.transaction() as connection:
            connection.execute("UPDATE sources SET scan_complete = 0 WHERE id = ?", (source_id,))

    def set_scanned(
        self, source_id: int, mounts: Iterable[str], volume: str, passed_over: Mapping[str, int] | None = None
    ) -> None:
        """Record a finished scan of the whole source.

        Args:
            source_id: the source.
            mounts: the mount points that its files stood on.
            volume: which file system is mounted where the source itself stands.
            passed_over: how many files nothing reads, by extension.
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
        """Record a scan of a part of the source, and the mount points known of now."""
        with self._db.transaction() as connection:
            connection.execute(
                "UPDATE sources SET mounts = ?, offline = 0, gone = 0 WHERE id = ?",
                (json.dumps(sorted(mounts)), source_id),
            )

    def status(self) -> list[SourceStatus]:
        """Every source with its counts, at a cost that does not grow with the library."""
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
