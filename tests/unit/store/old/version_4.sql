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
, raw_name TEXT, raw_body TEXT);
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
CREATE TABLE unaccented (
    item_id INTEGER PRIMARY KEY REFERENCES texts ON DELETE CASCADE,
    name TEXT NOT NULL,
    body TEXT NOT NULL
);
INSERT INTO meta VALUES ('model', 'fake');
INSERT INTO meta VALUES ('text_folding', '[[1, 14, 0, 0], null]');
INSERT INTO sources VALUES (1, X'2f746d702f636c2f6f6c642f7069637475726573', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 0, 1796066665.1115365, 5, 4, 1, 0, 0, 1, 0, '18284496867618072561', '{"mov": 1}');
INSERT INTO sources VALUES (2, X'2f746d702f636c2f6f6c642f70696374757265732f74726970', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 0, 1796066665.1224377, 1, 1, 0, 0, 0, 1, 0, '18284496867618072561', '{}');
INSERT INTO sources VALUES (3, X'2f746d702f636c2f6f6c642f6e6577', 'folder', '{"recursive": true, "include": [], "exclude": [], "extensions": []}', '["/"]', 0, 1796066665.3008826, 4, 4, 0, 0, 8, 1, 0, '18284496867618072561', '{}');
INSERT INTO files VALUES (1, X'2f746d702f636c2f6f6c642f70696374757265732f62726f6b656e2e706e67', 10, 1796066664961949696, X'9ed97c950c330a5b556b00fe9d46390594f0a34437886edd034c323444fbd7d8', 0, 'not a picture in any known format', 0, 0);
INSERT INTO files VALUES (2, X'2f746d702f636c2f6f6c642f70696374757265732f626c75652e706e67', 119, 1796066664961707055, X'44b39943bbcac4a1a4a40ee31e73f11022e91569b0352a774d1c3d889988ecbb', 1, NULL, 0, 1);
INSERT INTO files VALUES (3, X'2f746d702f636c2f6f6c642f70696374757265732f677265656e2e706e67', 117, 1796066664961564984, X'fc67ab11b07eb1ec469d0ab22b901331f4cdd0e85177c5885a285b2c61827048', 1, NULL, 0, 1);
INSERT INTO files VALUES (4, X'2f746d702f636c2f6f6c642f70696374757265732f7265642e706e67', 117, 1796066664961361191, X'f17f8d0c020cd88a98c63764f81c90be1507b0a4e9c1a248d60a2964f278d057', 1, NULL, 0, 1);
INSERT INTO files VALUES (5, X'2f746d702f636c2f6f6c642f70696374757265732f747269702f79656c6c6f772e706e67', 117, 1796066664961858490, X'73c29e2f40aed5f96d6b589d3dcaf3212221591287358c0235a47fb5194707a8', 1, NULL, 0, 1);
INSERT INTO files VALUES (6, X'2f746d702f636c2f6f6c642f6e65772f302e706e67', 165, 1796066665296779990, X'4af939ea60690d4b9418a2960c4d32e4bc3db2781f29acfcd63dd5df1b453c05', 1, NULL, 0, 1);
INSERT INTO files VALUES (7, X'2f746d702f636c2f6f6c642f6e65772f312e706e67', 164, 1796066665297012636, X'd3f896e73d6a9de252a95bb87f23b5f8a0f360b92aa32bfc587509949deb0198', 1, NULL, 0, 1);
INSERT INTO files VALUES (8, X'2f746d702f636c2f6f6c642f6e65772f31302e706e67', 165, 1796066665298761877, X'09287085c2679ed98d684dee03d2410f5f9812232361a727a33b87d1e2f19f3a', 1, NULL, 0, 1);
INSERT INTO files VALUES (9, X'2f746d702f636c2f6f6c642f6e65772f31312e706e67', 165, 1796066665298934103, X'b783b25b143ccd9ce54470b8002a89a4beaeb3440e83ef86d8b2bf0fdf2739b4', 1, NULL, 0, 1);
INSERT INTO memberships VALUES (1, 1);
INSERT INTO memberships VALUES (1, 2);
INSERT INTO memberships VALUES (1, 3);
INSERT INTO memberships VALUES (1, 4);
INSERT INTO memberships VALUES (1, 5);
INSERT INTO memberships VALUES (2, 5);
INSERT INTO memberships VALUES (3, 6);
INSERT INTO memberships VALUES (3, 7);
INSERT INTO memberships VALUES (3, 8);
INSERT INTO memberships VALUES (3, 9);
INSERT INTO items VALUES (1, 2, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (2, 3, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (3, 4, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (4, 5, 1, 'picture', 48, 36, NULL, 0);
INSERT INTO items VALUES (5, 6, 1, 'picture', 20, 15, NULL, 0);
INSERT INTO items VALUES (6, 7, 1, 'picture', 20, 15, NULL, 0);
INSERT INTO items VALUES (7, 8, 1, 'picture', 20, 15, NULL, 0);
INSERT INTO items VALUES (8, 9, 1, 'picture', 20, 15, NULL, 0);
INSERT INTO embedders VALUES (1, 'fake:1', 48, 2, '[]');
INSERT INTO embeddings VALUES (1, 1, X'9eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e30');
INSERT INTO embeddings VALUES (2, 1, X'a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1a8b1ae11a8b1');
INSERT INTO embeddings VALUES (3, 1, X'9e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb09e309eb09eb0');
INSERT INTO embeddings VALUES (4, 1, X'9e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb09e309e309eb0');
INSERT INTO embeddings VALUES (5, 1, X'f1abc61d08305b31c1307032ccb2362cb7b13c315b31c61d4733572fadb219afdc2e5132a230e5adef2c08b0c69d0ab3f5b1cc3257af8fb29e2e5bb127b066b327b0a8adb731feb0bda2d0a0a2b0df30e5adf5b194afb12cbda2b1ac2c2d5132');
INSERT INTO embeddings VALUES (6, 1, X'd3333932bbb1e6a21633842f74b3ea1d29aa0d2d8bad0130452fab29cbad1633be3059b2b73255b355338f2c59329bb11d3130a88b2d1d31cb2d0a2e9b3116330d2d68a6be3001b0112cfeb03d310aaec7ae65a7e6a2da3145affab111acafa8');
INSERT INTO embeddings VALUES (7, 1, X'6a2a95b1d0308e3053b13023d42f82330bb06d30e729d4afe7297e2c74b1d0b085adbf2c9c32d030af30a333ddb27431e7a9a3336d30291ee0a8bfacafb0b6b15a321334afb07431323195b150af291eaca64a2e0bb0b6b1b3273c2cd030f7b1');
INSERT INTO embeddings VALUES (8, 1, X'05aebb30beafb7b1d2b28f337432d6b125aaeaa011b3bb306825882dfa30dd97e69da3aa11b3a729d6319c308f33252a1a319332c7adc22e052e58b1cbac6fb36426f132c2aee69dd631eaa0d63197b149ad7cb07c3025aa1a311eb09e2bb332');
INSERT INTO embedded_files VALUES (1, 1);
INSERT INTO embedded_files VALUES (1, 2);
INSERT INTO embedded_files VALUES (1, 3);
INSERT INTO embedded_files VALUES (1, 4);
INSERT INTO embedded_files VALUES (1, 5);
INSERT INTO embedded_files VALUES (1, 6);
INSERT INTO embedded_files VALUES (1, 7);
INSERT INTO embedded_files VALUES (1, 8);
INSERT INTO embedded_files VALUES (1, 9);
INSERT INTO texts VALUES (1, 'blue.png', '', NULL, NULL);
INSERT INTO texts VALUES (2, 'green.png', '', NULL, NULL);
INSERT INTO texts VALUES (3, 'red.png', '', NULL, NULL);
INSERT INTO texts VALUES (4, 'yellow.png', '', NULL, NULL);
INSERT INTO texts VALUES (5, '0.png', '', NULL, NULL);
INSERT INTO texts VALUES (6, '1.png', '', NULL, NULL);
INSERT INTO texts VALUES (7, '10.png', '', NULL, NULL);
INSERT INTO texts VALUES (8, '11.png', '', NULL, NULL);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f322e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f332e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f342e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f352e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f362e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f372e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f382e706e67', 3);
INSERT INTO pending VALUES (X'2f746d702f636c2f6f6c642f6e65772f392e706e67', 3);
UPDATE sqlite_sequence SET seq = 3 WHERE name = 'sources';
UPDATE sqlite_sequence SET seq = 9 WHERE name = 'files';
UPDATE sqlite_sequence SET seq = 8 WHERE name = 'items';
CREATE VIRTUAL TABLE texts_fts USING fts5(
    name, body, content='texts', content_rowid='item_id', tokenize='trigram'
);
CREATE VIRTUAL TABLE unaccented_fts USING fts5(
    name, body, content='unaccented', content_rowid='item_id', tokenize='trigram'
);
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
CREATE TRIGGER unaccented_inserted AFTER INSERT ON unaccented BEGIN
    INSERT INTO unaccented_fts (rowid, name, body) VALUES (new.item_id, new.name, new.body);
END;
CREATE TRIGGER unaccented_deleted AFTER DELETE ON unaccented BEGIN
    INSERT INTO unaccented_fts (unaccented_fts, rowid, name, body)
        VALUES ('delete', old.item_id, old.name, old.body);
END;
INSERT INTO texts_fts (texts_fts) VALUES ('rebuild');
INSERT INTO unaccented_fts (unaccented_fts) VALUES ('rebuild');
PRAGMA user_version = 4;
