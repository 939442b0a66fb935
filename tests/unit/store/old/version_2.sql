CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
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
CREATE TABLE memberships (
    source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    PRIMARY KEY (source_id, file_id)
) WITHOUT ROWID;
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
CREATE TABLE embedders (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    dimension INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0,   -- grows whenever its vectors change
    checkpoints TEXT NOT NULL DEFAULT '[]' -- JSON list of the last (stamp, revision) of the index on disk
);
CREATE TABLE embeddings (
    item_id INTEGER NOT NULL REFERENCES items ON DELETE CASCADE,
    embedder_id INTEGER NOT NULL REFERENCES embedders ON DELETE CASCADE,
    vector BLOB NOT NULL,               -- little-endian float16
    PRIMARY KEY (item_id, embedder_id)
);
CREATE TABLE embedded_files (
    embedder_id INTEGER NOT NULL REFERENCES embedders ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES files ON DELETE CASCADE,
    PRIMARY KEY (embedder_id, file_id)
) WITHOUT ROWID;
CREATE TABLE suspects (
    hash BLOB PRIMARY KEY,
    deaths INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE texts (
    item_id INTEGER PRIMARY KEY REFERENCES items ON DELETE CASCADE,
    name TEXT NOT NULL,                 -- the file's name
    body TEXT NOT NULL                  -- the words on the page
);
CREATE TABLE calibrations (
    embedder_id INTEGER PRIMARY KEY REFERENCES embedders ON DELETE CASCADE,
    bank TEXT NOT NULL,                 -- the bank's hash
    vectors BLOB NOT NULL               -- little-endian float16, one after the other
);
INSERT INTO meta VALUES ('model', 'fake');
INSERT INTO sources VALUES (1, X'2f746d702f76322f7069637475726573', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 0, 1796062141.142985, 5, 4, 1, 0);
INSERT INTO sources VALUES (2, X'2f746d702f76322f70696374757265732f74726970', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 0, 1796062141.1433065, 2, 2, 0, 0);
INSERT INTO sources VALUES (3, X'2f746d702f76322f757362', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 1, 1796062141.1390057, 1, 1, 0, 1);
INSERT INTO sources VALUES (4, X'2f746d702f76322f646f6373', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": ["pdf"]}', '["/"]', 0, 1796062141.1887794, 1, 8, 0, 0);
INSERT INTO sources VALUES (5, X'2f746d702f76322f6e6577', 'folder', '{"recursive": false, "include": [], "exclude": [], "extensions": []}', '[]', 0, NULL, 0, 0, 0, 0);
INSERT INTO files VALUES (1, X'2f746d702f76322f70696374757265732f62726f6b656e2e706e67', 10, 1796062141026004085, X'9ed97c950c330a5b556b00fe9d46390594f0a34437886edd034c323444fbd7d8', 0, 'not a picture in any known format', 0, 0);
INSERT INTO files VALUES (2, X'2f746d702f76322f70696374757265732f677265656e2e706e67', 117, 1796062141025588407, X'fc67ab11b07eb1ec469d0ab22b901331f4cdd0e85177c5885a285b2c61827048', 1, NULL, 0, 1);
INSERT INTO files VALUES (3, X'2f746d702f76322f70696374757265732f7265642e706e67', 117, 1796062141025363523, X'f17f8d0c020cd88a98c63764f81c90be1507b0a4e9c1a248d60a2964f278d057', 1, NULL, 0, 1);
INSERT INTO files VALUES (4, X'2f746d702f76322f70696374757265732f747269702f626c75652e706e67', 119, 1796062141025768125, X'44b39943bbcac4a1a4a40ee31e73f11022e91569b0352a774d1c3d889988ecbb', 1, NULL, 0, 1);
INSERT INTO files VALUES (5, X'2f746d702f76322f70696374757265732f747269702f7477696e2e706e67', 117, 1796062141025908073, X'f17f8d0c020cd88a98c63764f81c90be1507b0a4e9c1a248d60a2964f278d057', 1, NULL, 0, 1);
INSERT INTO files VALUES (6, X'2f746d702f76322f7573622f79656c6c6f772e706e67', 117, 1796062141138135659, X'73c29e2f40aed5f96d6b589d3dcaf3212221591287358c0235a47fb5194707a8', 1, NULL, 1, 1);
INSERT INTO files VALUES (7, X'2f746d702f76322f646f63732f6c6f6e672e706466', 10527, 1796062141177521044, X'0868838ac9f14213700e49e4969c9492500905588ac4f5e1ba14c12d171ff146', 20, NULL, 0, 8);
INSERT INTO memberships VALUES (1, 1);
INSERT INTO memberships VALUES (1, 2);
INSERT INTO memberships VALUES (1, 3);
INSERT INTO memberships VALUES (1, 4);
INSERT INTO memberships VALUES (2, 4);
INSERT INTO memberships VALUES (1, 5);
INSERT INTO memberships VALUES (2, 5);
INSERT INTO memberships VALUES (3, 6);
INSERT INTO memberships VALUES (4, 7);
INSERT INTO items VALUES (1, 2, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (2, 3, 1, 'picture', 48, 36, NULL, 1);
INSERT INTO items VALUES (3, 4, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (4, 5, 1, 'picture', 48, 36, NULL, 1);
INSERT INTO items VALUES (5, 6, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (6, 7, 1, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (7, 7, 2, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (8, 7, 3, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (9, 7, 4, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (10, 7, 5, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (11, 7, 6, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (12, 7, 7, 'page', 200, 280, NULL, 0);
INSERT INTO items VALUES (13, 7, 8, 'page', 200, 280, NULL, 0);
INSERT INTO embedders VALUES (1, 'fake:1', 48, 5, '[]');
INSERT INTO embeddings VALUES (1, 1, X'a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1');
INSERT INTO embeddings VALUES (2, 1, X'9e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb0');
INSERT INTO embeddings VALUES (3, 1, X'9eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e30');
INSERT INTO embeddings VALUES (4, 1, X'9e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb0');
INSERT INTO embeddings VALUES (5, 1, X'9e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb0');
INSERT INTO embeddings VALUES (6, 1, X'd52ed32f372fc12ec02f372f4a2f1b30ac2f5e2f2f30c02fdf30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30df30');
INSERT INTO embeddings VALUES (7, 1, X'5d2fab2f222f492f972ffb2ebe2f0630702fd22f1a30972fdd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30');
INSERT INTO embeddings VALUES (8, 1, X'ee2fa12f192fdb2f8d2f052f313001307a2f3b3014308d2fd730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730');
INSERT INTO embeddings VALUES (9, 1, X'b52eb42f172fa12ea02f032f2b2f0b308d2f3e2f1f30a02fe330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330');
INSERT INTO embeddings VALUES (10, 1, X'5c2fa92f212f482f962f0e2fbd2f0630822fe42f1930962fdd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30dd30');
INSERT INTO embeddings VALUES (11, 1, X'ef2fa12f062fdb2f8e2ff22e323001307a2f3b3015308e2fd730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730d730');
INSERT INTO embeddings VALUES (12, 1, X'b52eb42f172fa22ea12f042f172f0b307a2f3f2f1f30a12fe330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330e330');
INSERT INTO embeddings VALUES (13, 1, X'6d2fbb2f332f5a2fa82f1f2fcf2f0e30812fe22f1830942fdb30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30db30');
INSERT INTO embedded_files VALUES (1, 1);
INSERT INTO embedded_files VALUES (1, 2);
INSERT INTO embedded_files VALUES (1, 3);
INSERT INTO embedded_files VALUES (1, 4);
INSERT INTO embedded_files VALUES (1, 5);
INSERT INTO embedded_files VALUES (1, 6);
INSERT INTO texts VALUES (1, 'green.png', '');
INSERT INTO texts VALUES (2, 'red.png', '');
INSERT INTO texts VALUES (3, 'blue.png', '');
INSERT INTO texts VALUES (4, 'twin.png', '');
INSERT INTO texts VALUES (5, 'yellow.png', '');
INSERT INTO texts VALUES (6, 'long.pdf', 'page 0 of a long text');
INSERT INTO texts VALUES (7, 'long.pdf', 'page 1 of a long text');
INSERT INTO texts VALUES (8, 'long.pdf', 'page 2 of a long text');
INSERT INTO texts VALUES (9, 'long.pdf', 'page 3 of a long text');
INSERT INTO texts VALUES (10, 'long.pdf', 'page 4 of a long text');
INSERT INTO texts VALUES (11, 'long.pdf', 'page 5 of a long text');
INSERT INTO texts VALUES (12, 'long.pdf', 'page 6 of a long text');
INSERT INTO texts VALUES (13, 'long.pdf', 'page 7 of a long text');
INSERT INTO sqlite_sequence VALUES ('sources', 5);
INSERT INTO sqlite_sequence VALUES ('files', 7);
INSERT INTO sqlite_sequence VALUES ('items', 13);
CREATE INDEX files_by_hash ON files (hash);
CREATE INDEX files_with_problem ON files (id) WHERE problem IS NOT NULL;
CREATE INDEX memberships_by_file ON memberships (file_id);
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
CREATE INDEX embedded_files_by_file ON embedded_files (file_id);
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
INSERT INTO texts_fts (texts_fts) VALUES ('rebuild');
PRAGMA user_version = 2;
