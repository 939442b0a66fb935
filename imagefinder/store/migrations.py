"""The database's schema, as numbered steps. A step once released is never changed; a new one is added."""

import sqlite3

from imagefinder.model.errors import LibraryError
from imagefinder.translation import tr

_V1 = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Paths are the operating system's bytes: not every file name is text.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    options TEXT NOT NULL,              -- JSON of SourceOptions
    mounts TEXT NOT NULL DEFAULT '[]',  -- JSON list of mount points its files stood on
    offline INTEGER NOT NULL DEFAULT 0,
    scanned_at REAL,
    -- Counts, kept by the triggers below: the window asks several times a second, also of large libraries.
    files INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0,
    offline_files INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    hash BLOB,                          -- of the content; NULL where it could not be read
    parts INTEGER NOT NULL DEFAULT 0,
    problem TEXT,                       -- why it, or some of its parts, cannot be read
    offline INTEGER NOT NULL DEFAULT 0,
    items INTEGER NOT NULL DEFAULT 0    -- a count, kept by the triggers below
);
CREATE INDEX files_by_hash ON files (hash);
CREATE INDEX files_with_problem ON files (id) WHERE problem IS NOT NULL;

-- Sources may overlap: a file belongs to each that contains it, and goes when the last one lets go.
CREATE TABLE memberships (
    source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    PRIMARY KEY (source_id, file_id)
) WITHOUT ROWID;
CREATE INDEX memberships_by_file ON memberships (file_id);

-- AUTOINCREMENT: an id is never used again, so (id, embedder) names one vector for ever.
CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    part INTEGER NOT NULL,              -- from 1
    kind TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    taken_at TEXT,
    hidden INTEGER NOT NULL DEFAULT 0,  -- by the user, from results; all copies of a content agree
    UNIQUE (file_id, part)
);

CREATE TRIGGER items_inserted AFTER INSERT ON items BEGIN
    UPDATE files SET items = items + 1 WHERE id = new.file_id;
END;
CREATE TRIGGER items_deleted AFTER DELETE ON items BEGIN
    UPDATE files SET items = items - 1 WHERE id = old.file_id;
END;
CREATE TRIGGER files_updated AFTER UPDATE OF items, problem, offline ON files
WHEN new.items <> old.items OR (new.problem IS NULL) <> (old.problem IS NULL) OR new.offline <> old.offline
BEGIN
    UPDATE sources SET
        items = items + new.items - old.items,
        unreadable = unreadable + (new.problem IS NOT NULL) - (old.problem IS NOT NULL),
        offline_files = offline_files + new.offline - old.offline
    WHERE id IN (SELECT source_id FROM memberships WHERE file_id = new.id);
END;
-- Before, not by the cascade alone: what the file counted for must still be known.
CREATE TRIGGER files_deleted BEFORE DELETE ON files BEGIN
    DELETE FROM memberships WHERE file_id = old.id;
END;
CREATE TRIGGER memberships_inserted AFTER INSERT ON memberships BEGIN
    UPDATE sources SET
        files = files + 1,
        items = items + (SELECT items FROM files WHERE id = new.file_id),
        unreadable = unreadable + (SELECT problem IS NOT NULL FROM files WHERE id = new.file_id),
        offline_files = offline_files + (SELECT offline FROM files WHERE id = new.file_id)
    WHERE id = new.source_id;
END;
CREATE TRIGGER memberships_deleted AFTER DELETE ON memberships BEGIN
    UPDATE sources SET
        files = files - 1,
        items = items - (SELECT items FROM files WHERE id = old.file_id),
        unreadable = unreadable - (SELECT problem IS NOT NULL FROM files WHERE id = old.file_id),
        offline_files = offline_files - (SELECT offline FROM files WHERE id = old.file_id)
    WHERE id = old.source_id;
END;

CREATE TABLE embedders (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,   -- grows whenever its vectors change
    checkpoints TEXT NOT NULL DEFAULT '[]' -- JSON list of the last (stamp, revision) of the index on disk
);

-- Not WITHOUT ROWID: rows of 1 KiB would spill to an overflow page each.
CREATE TABLE embeddings (
    item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
    embedder_id INTEGER NOT NULL REFERENCES embedders ON DELETE CASCADE,
    vector BLOB NOT NULL,               -- little-endian float16
    PRIMARY KEY (item_id, embedder_id)
);

-- A file stands here once all its parts have been dealt with under an embedder.
CREATE TABLE embedded_files (
    embedder_id INTEGER NOT NULL REFERENCES embedders ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    PRIMARY KEY (embedder_id, file_id)
) WITHOUT ROWID;
CREATE INDEX embedded_files_by_file ON embedded_files (file_id);

-- Contents that were in hand when the program died; see engine/quarantine.py.
CREATE TABLE suspects (
    hash BLOB PRIMARY KEY,
    deaths INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE texts (
    item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
    name TEXT NOT NULL,                 -- the file's name
    body TEXT NOT NULL                  -- the words on the page
);
-- Trigrams match a part of a word, and scripts without spaces.
CREATE VIRTUAL TABLE texts_fts USING fts5(
    name, body, content='texts', content_rowid='item_id', tokenize='trigram'
);
CREATE TRIGGER texts_inserted AFTER INSERT ON texts BEGIN
    INSERT INTO texts_fts (rowid, name, body) VALUES (new.item_id, new.name, new.body);
END;
CREATE TRIGGER texts_deleted AFTER DELETE ON texts BEGIN
    INSERT INTO texts_fts (texts_fts, rowid, name, body) VALUES ('delete', old.item_id, old.name, old.body);
END;
CREATE TRIGGER texts_updated AFTER UPDATE ON texts BEGIN
    INSERT INTO texts_fts (texts_fts, rowid, name, body) VALUES ('delete', old.item_id, old.name, old.body);
    INSERT INTO texts_fts (rowid, name, body) VALUES (new.item_id, new.name, new.body);
END;
"""

_V2 = """
-- What an embedder made of the bank of unrelated queries; see engine/relevance.py.
CREATE TABLE calibrations (
    embedder_id INTEGER PRIMARY KEY REFERENCES embedders ON DELETE CASCADE,
    bank TEXT NOT NULL,                 -- the bank's hash
    vectors BLOB NOT NULL               -- little-endian float16, one after the other
);
"""

_V3 = """
-- Files that a scan found and that are not read yet. They outlive the job, so that one that was cancelled or killed,
-- or that failed, never looks complete.
CREATE TABLE pending (
    path BLOB NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    PRIMARY KEY (path, source_id)       -- by path first: a file that is read is read for all its sources
) WITHOUT ROWID;

ALTER TABLE sources ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;       -- a count, kept by the triggers below
ALTER TABLE sources ADD COLUMN scan_complete INTEGER NOT NULL DEFAULT 0; -- whether the last walk came to its end
ALTER TABLE sources ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;          -- not there, though its drive is
ALTER TABLE sources ADD COLUMN volume TEXT NOT NULL DEFAULT '';          -- the file system it stood on
ALTER TABLE sources ADD COLUMN passed_over TEXT NOT NULL DEFAULT '{}';   -- JSON: files passed over, by extension

CREATE TRIGGER pending_inserted AFTER INSERT ON pending BEGIN
    UPDATE sources SET pending = pending + 1 WHERE id = new.source_id;
END;
CREATE TRIGGER pending_deleted AFTER DELETE ON pending BEGIN
    UPDATE sources SET pending = pending - 1 WHERE id = old.source_id;
END;

UPDATE sources SET scan_complete = 1 WHERE scanned_at IS NOT NULL;
-- What an interrupted job left within a file (a long PDF) was recorded before; of whole files nothing was.
INSERT INTO pending (path, source_id)
    SELECT files.path, memberships.source_id FROM files JOIN memberships ON memberships.file_id = files.id
    WHERE files.items > 0 AND files.problem IS NULL AND NOT files.offline
    AND NOT EXISTS (SELECT 1 FROM embedded_files WHERE embedded_files.file_id = files.id);
"""

MIGRATIONS: tuple[str, ...] = (_V1, _V2, _V3)
"""Step n brings a database from version n to n + 1."""

SCHEMA_VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database up to ``SCHEMA_VERSION``, each step in one transaction with its own record.

    Raises:
        LibraryError: the database was written by a newer version of the program.
    """
    while (version := _version(connection)) != SCHEMA_VERSION:
        if version > SCHEMA_VERSION:
            raise LibraryError(
                tr(
                    "This library was written by a newer version of imagefinder. Update the program, or name "
                    "another library with --library."
                )
            )
        connection.execute("BEGIN EXCLUSIVE")
        try:
            # Another process may have done the step while this one waited for the lock.
            if _version(connection) == version:
                for statement in _statements(MIGRATIONS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _statements(script: str) -> list[str]:
    # executescript would commit first; this keeps a step whole.
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
