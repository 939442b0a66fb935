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
, pending INTEGER NOT NULL DEFAULT 0, scan_complete INTEGER NOT NULL DEFAULT 0, gone INTEGER NOT NULL DEFAULT 0, volume TEXT NOT NULL DEFAULT '', passed_over TEXT NOT NULL DEFAULT '{}');
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
CREATE TABLE pending (
    path BLOB NOT NULL,
    source_id INTEGER NOT NULL REFERENCES sources ON DELETE CASCADE,
    PRIMARY KEY (path, source_id)       -- by path first: a file that is read is read for all its sources
) WITHOUT ROWID;
INSERT INTO meta VALUES ('model', 'fake');
INSERT INTO sources VALUES (1, X'2f746d702f76332f7069637475726573', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '[]', 0, 1700000000.0, 16, 16, 0, 0, 0, 1, 0, '', '{}');
INSERT INTO files VALUES (1, X'2f746d702f76332f70696374757265732f706c61696e2062656163682e6a7067', 101, 1700000000000000001, X'0101010101010101010101010101010101010101010101010101010101010101', 1, NULL, 0, 1);
INSERT INTO files VALUES (2, X'2f746d702f76332f70696374757265732f436166c3a95f64655f50617269732e6a7067', 102, 1700000000000000002, X'0202020202020202020202020202020202020202020202020202020202020202', 1, NULL, 0, 1);
INSERT INTO files VALUES (3, X'2f746d702f76332f70696374757265732f436166652043656e7472616c2e6a7067', 103, 1700000000000000003, X'0303030303030303030303030303030303030303030303030303030303030303', 1, NULL, 0, 1);
INSERT INTO files VALUES (4, X'2f746d702f76332f70696374757265732fce91ce98ce89ce9dce91cea32e6a7067', 104, 1700000000000000004, X'0404040404040404040404040404040404040404040404040404040404040404', 1, NULL, 0, 1);
INSERT INTO files VALUES (5, X'2f746d702f76332f70696374757265732fc4b05354414e42554c2054c4b043415245542e6a7067', 105, 1700000000000000005, X'0505050505050505050505050505050505050505050505050505050505050505', 1, NULL, 0, 1);
INSERT INTO files VALUES (6, X'2f746d702f76332f70696374757265732f47726fc39f676c6f636b6e65722e6a7067', 106, 1700000000000000006, X'0606060606060606060606060606060606060606060606060606060606060606', 1, NULL, 0, 1);
INSERT INTO files VALUES (7, X'2f746d702f76332f70696374757265732f4d75cc886c6c6572686f662e6a7067', 107, 1700000000000000007, X'0707070707070707070707070707070707070707070707070707070707070707', 1, NULL, 0, 1);
INSERT INTO files VALUES (8, X'2f746d702f76332f70696374757265732fe18492e185a1e186a8e1848ce185a5e186b7e1848be185b5e186abe1848ce185a5e186bc2e6a7067', 108, 1700000000000000008, X'0808080808080808080808080808080808080808080808080808080808080808', 1, NULL, 0, 1);
INSERT INTO files VALUES (9, X'2f746d702f76332f70696374757265732fe38395e3829ae383bce383abe382b5e382a4e38388e382992e6a7067', 109, 1700000000000000009, X'0909090909090909090909090909090909090909090909090909090909090909', 1, NULL, 0, 1);
INSERT INTO files VALUES (10, X'2f746d702f76332f70696374757265732fefbca6efbcb5efbcacefbcacefbcb7efbca9efbca4efbcb4efbca82e6a7067', 110, 1700000000000000010, X'0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 1, NULL, 0, 1);
INSERT INTO files VALUES (11, X'2f746d702f76332f70696374757265732fefbdb6efbe97efbdb5efbdb92e6a7067', 111, 1700000000000000011, X'0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 1, NULL, 0, 1);
INSERT INTO files VALUES (12, X'2f746d702f76332f70696374757265732fe68385e5a0b1e587a6efa7a42e6a7067', 112, 1700000000000000012, X'0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 1, NULL, 0, 1);
INSERT INTO files VALUES (13, X'2f746d702f76332f70696374757265732f6f7820d0b820d081d0962e6a7067', 113, 1700000000000000013, X'0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 1, NULL, 0, 1);
INSERT INTO files VALUES (14, X'2f746d702f76332f70696374757265732f6465636f6d706f7365642e706466', 114, 1700000000000000014, X'0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e', 1, NULL, 0, 1);
INSERT INTO files VALUES (15, X'2f746d702f76332f70696374757265732f6469676974732e706466', 115, 1700000000000000015, X'0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', 1, NULL, 0, 1);
INSERT INTO files VALUES (16, X'2f746d702f76332f70696374757265732f656e676c6973682e706466', 116, 1700000000000000016, X'1010101010101010101010101010101010101010101010101010101010101010', 1, NULL, 0, 1);
INSERT INTO memberships VALUES (1, 1);
INSERT INTO memberships VALUES (1, 2);
INSERT INTO memberships VALUES (1, 3);
INSERT INTO memberships VALUES (1, 4);
INSERT INTO memberships VALUES (1, 5);
INSERT INTO memberships VALUES (1, 6);
INSERT INTO memberships VALUES (1, 7);
INSERT INTO memberships VALUES (1, 8);
INSERT INTO memberships VALUES (1, 9);
INSERT INTO memberships VALUES (1, 10);
INSERT INTO memberships VALUES (1, 11);
INSERT INTO memberships VALUES (1, 12);
INSERT INTO memberships VALUES (1, 13);
INSERT INTO memberships VALUES (1, 14);
INSERT INTO memberships VALUES (1, 15);
INSERT INTO memberships VALUES (1, 16);
INSERT INTO items VALUES (1, 1, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (2, 2, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (3, 3, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (4, 4, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (5, 5, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (6, 6, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (7, 7, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (8, 8, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (9, 9, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (10, 10, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (11, 11, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (12, 12, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (13, 13, 1, 'picture', 40, 30, NULL, 0);
INSERT INTO items VALUES (14, 14, 1, 'page', 40, 30, NULL, 0);
INSERT INTO items VALUES (15, 15, 1, 'page', 40, 30, NULL, 0);
INSERT INTO items VALUES (16, 16, 1, 'page', 40, 30, NULL, 0);
INSERT INTO texts VALUES (1, 'plain beach.jpg', '');
INSERT INTO texts VALUES (2, 'Café_de_Paris.jpg', '');
INSERT INTO texts VALUES (3, 'Cafe Central.jpg', '');
INSERT INTO texts VALUES (4, 'ΑΘΉΝΑΣ.jpg', '');
INSERT INTO texts VALUES (5, 'İSTANBUL TİCARET.jpg', '');
INSERT INTO texts VALUES (6, 'Großglockner.jpg', '');
INSERT INTO texts VALUES (7, 'Müllerhof.jpg', '');
INSERT INTO texts VALUES (8, '학점인정.jpg', '');
INSERT INTO texts VALUES (9, 'プールサイド.jpg', '');
INSERT INTO texts VALUES (10, 'ＦＵＬＬＷＩＤＴＨ.jpg', '');
INSERT INTO texts VALUES (11, 'ｶﾗｵｹ.jpg', '');
INSERT INTO texts VALUES (12, '情報処理.jpg', '');
INSERT INTO texts VALUES (13, 'ox и ЁЖ.jpg', '');
INSERT INTO texts VALUES (14, 'decomposed.pdf', 'Fahrplan der Zürcher Bahn');
INSERT INTO texts VALUES (15, 'digits.pdf', '番号１２３４５');
INSERT INTO texts VALUES (16, 'english.pdf', 'An Invoice for two bicycles');
CREATE INDEX files_by_hash ON files (hash);
CREATE INDEX files_with_problem ON files (id) WHERE problem IS NOT NULL;
CREATE INDEX memberships_by_file ON memberships (file_id);
CREATE INDEX embedded_files_by_file ON embedded_files (file_id);
CREATE VIRTUAL TABLE texts_fts USING fts5(
    name, body, content='texts', content_rowid='item_id', tokenize='trigram'
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
CREATE TRIGGER pending_inserted AFTER INSERT ON pending BEGIN
    UPDATE sources SET pending = pending + 1 WHERE id = new.source_id;
END;
CREATE TRIGGER pending_deleted AFTER DELETE ON pending BEGIN
    UPDATE sources SET pending = pending - 1 WHERE id = old.source_id;
END;
INSERT INTO texts_fts (texts_fts) VALUES ('rebuild');
PRAGMA user_version = 3;
