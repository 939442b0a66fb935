"""Schema of the database, as numbered steps. A released step is never changed; new ones are appended."""

import sqlite3

from imagefinder.domain.errors import LibraryError
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

-- Contents that were in hand when the program died; see engine/indexing/quarantine.py.
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
-- What an embedder made of the bank of unrelated queries; see engine/search/relevance.py.
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

_V4 = """
-- Names and bodies are folded (imagefinder/text_folding.py), so that what reads alike is found alike. ASCII, of which
-- the trigrams know the case, stays as it is. What was written before is folded later, in portions (store/texts.py).
ALTER TABLE texts ADD COLUMN raw_name TEXT;     -- as it was before folding; NULL where name is that
ALTER TABLE texts ADD COLUMN raw_body TEXT;

-- The words that accents were taken from; a row only where there are some.
CREATE TABLE unaccented (
    item_id INTEGER PRIMARY KEY REFERENCES texts ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE VIRTUAL TABLE unaccented_fts USING fts5(
    name, body, content='unaccented', content_rowid='item_id', tokenize='trigram'
);
CREATE TRIGGER unaccented_inserted AFTER INSERT ON unaccented BEGIN
    INSERT INTO unaccented_fts (rowid, name, body) VALUES (new.item_id, new.name, new.body);
END;
CREATE TRIGGER unaccented_deleted AFTER DELETE ON unaccented BEGIN
    INSERT INTO unaccented_fts (unaccented_fts, rowid, name, body)
        VALUES ('delete', old.item_id, old.name, old.body);
END;
"""

_V5 = """
-- Files that are online only: nothing reads them unasked.
CREATE TABLE in_the_cloud (
    path BLOB NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    is_unread INTEGER NOT NULL,         -- whether the model that answers has not dealt with it
    PRIMARY KEY (path, source_id)
) WITHOUT ROWID;

ALTER TABLE sources ADD COLUMN in_the_cloud INTEGER NOT NULL DEFAULT 0;  -- those unread; kept by the triggers below

CREATE TRIGGER in_the_cloud_inserted AFTER INSERT ON in_the_cloud BEGIN
    UPDATE sources SET in_the_cloud = in_the_cloud + new.is_unread WHERE id = new.source_id;
END;
CREATE TRIGGER in_the_cloud_updated AFTER UPDATE ON in_the_cloud BEGIN
    UPDATE sources SET in_the_cloud = in_the_cloud + new.is_unread - old.is_unread WHERE id = new.source_id;
END;
CREATE TRIGGER in_the_cloud_deleted AFTER DELETE ON in_the_cloud BEGIN
    UPDATE sources SET in_the_cloud = in_the_cloud - old.is_unread WHERE id = old.source_id;
END;
"""

_V6 = """
-- files.problem is a code from now on (imagefinder/domain/reasons.py), no English sentence any more.
ALTER TABLE files ADD COLUMN problem_parameters TEXT;   -- JSON: what the words for the code need; NULL for nothing
UPDATE files SET problem = old_reason_code(problem), problem_parameters = old_reason_parameters(problem)
    WHERE problem IS NOT NULL;
"""

MIGRATIONS: tuple[str, ...] = (_V1, _V2, _V3, _V4, _V5, _V6)
"""Schema steps: step n migrates a database from version n to n + 1."""

_STAND_INS: tuple[str, ...] = (
    "",
    "CREATE TEMP TABLE calibrations (embedder_id INTEGER PRIMARY KEY, bank TEXT, vectors BLOB);",
    """
    CREATE TEMP TABLE pending (path BLOB, source_id INTEGER);
    CREATE TEMP VIEW sources AS SELECT *, 0 AS pending, scanned_at IS NOT NULL AS scan_complete, 0 AS gone,
        '' AS volume, '{}' AS passed_over, 0 AS in_the_cloud FROM main.sources;
    """,
    "CREATE TEMP TABLE unaccented (item_id INTEGER PRIMARY KEY, name TEXT, body TEXT);",
    # The view of sources exists already if step 3 was substituted, too.
    """
    CREATE TEMP TABLE in_the_cloud (path BLOB, source_id INTEGER, is_unread INTEGER);
    CREATE TEMP VIEW IF NOT EXISTS sources AS SELECT *, 0 AS in_the_cloud FROM main.sources;
    """,
    """
    CREATE TEMP VIEW files AS SELECT id, path, size, mtime_ns, hash, parts, old_reason_code(problem) AS problem,
        old_reason_parameters(problem) AS problem_parameters, offline, items FROM main.files;
    """,
)
"""For each step, its substitute in the connection alone, for a database that cannot be written."""

SCHEMA_VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Migrate the database to ``SCHEMA_VERSION``. Each step and its new version number form one transaction.

    Raises:
        LibraryError: the database was written by a newer version of the program.
    """
    while (version := _known_version(connection)) != SCHEMA_VERSION:
        _add_functions(connection)
        connection.execute("BEGIN EXCLUSIVE")
        try:
            # Another process may have run the step while this one waited for the lock.
            if _version(connection) == version:
                for statement in _statements(MIGRATIONS[version]):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def stand_in(connection: sqlite3.Connection) -> None:
    """Let a read-only connection read a database of an older version as if it had been migrated.

    Raises:
        LibraryError: the database was written by a newer version of the program.
    """
    version = _known_version(connection)
    if not version:
        migrate(connection)  # the database is empty; SQLite's error says why it cannot be written
    if version < SCHEMA_VERSION:
        _add_functions(connection)
    for script in _STAND_INS[version:]:
        for statement in _statements(script):
            connection.execute(statement)


def _add_functions(connection: sqlite3.Connection) -> None:
    from imagefinder.store import old_reasons  # imported late: needed once in the life of a library

    old_reasons.register(connection)


def _known_version(connection: sqlite3.Connection) -> int:
    version = _version(connection)
    if version > SCHEMA_VERSION:
        raise LibraryError(
            tr(
                "This library was written by a newer version of imagefinder. Update the program, or name "
                "another library with --library."
            )
        )
    return version


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _statements(script: str) -> list[str]:
    # ``executescript`` would commit first; separate statements keep the step in one transaction.
    statements, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            statements.append(current)
            current = ""
    return statements
