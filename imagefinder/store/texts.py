"""Table of searchable texts: names and page text, folded, and refolded when the rules change."""

import json
import sqlite3
from collections.abc import Callable

from imagefinder.store.connection import Database
from imagefinder.text_folding import VERSION, fold, unaccented_words

_STATE = "text_folding"
"""Key in ``meta`` for the version of the folding rules and the item up to which rows are folded."""
_ROWS = 128
"""Rows folded in one transaction: about 0.2 s for pages of Chinese, during which no job can write."""
_MERGED_PAGES = 200
"""Pages of the full-text index merged in one transaction."""
_IDS = 20_000
"""Maximum range of item ids searched for rows to fold in one transaction."""

_OLD = f"""SELECT item_id, coalesce(raw_name, name), coalesce(raw_body, body), name, body FROM texts
    WHERE item_id > ? AND item_id <= ?
    AND (length(name) < length(CAST(name AS BLOB)) OR length(body) < length(CAST(body AS BLOB))
         OR raw_name IS NOT NULL OR raw_body IS NOT NULL)
    ORDER BY item_id LIMIT {_ROWS}"""


class TextTable:
    """Writes the texts of items, and folds them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._is_folded = False

    def put(self, item_id: int, name: str, body: str) -> None:
        """Add the texts of a new item: its file's name and the text on its page."""
        raw_name, raw_body = _storable(name), _storable(body)
        name, body = _folded(raw_name), _folded(raw_body)
        with self._db.transaction() as connection:
            connection.execute(
                "INSERT INTO texts (item_id, name, body, raw_name, raw_body) VALUES (?, ?, ?, ?, ?)",
                (item_id, name, body, _unless(raw_name, name), _unless(raw_body, body)),
            )
            if not (name.isascii() and body.isascii()):
                _put_unaccented(connection, item_id, name, body)

    def copy(self, from_item: int, to_item: int, name: str) -> None:
        """Give an item without texts the page text of another, and a name.

        Does nothing if the item has texts.
        """
        with self._db.transaction() as connection:
            row = connection.execute(
                """SELECT coalesce(raw_body, body) FROM texts
                   WHERE item_id = ? AND NOT EXISTS (SELECT 1 FROM texts WHERE item_id = ?)""",
                (from_item, to_item),
            ).fetchone()
            if row is not None:
                self.put(to_item, name, row[0])

    def rename(self, file_id: int, name: str) -> None:
        """Record the new name of the file that holds these items."""
        raw_name = _storable(name)
        name = _folded(raw_name)
        with self._db.transaction() as connection:
            rows = connection.execute(
                """SELECT item_id, body FROM texts WHERE item_id IN (SELECT id FROM items WHERE file_id = ?)
                   AND coalesce(raw_name, name) <> ?""",
                (file_id, raw_name),
            ).fetchall()
            for item_id, body in rows:
                connection.execute(
                    "UPDATE texts SET name = ?, raw_name = ? WHERE item_id = ?",
                    (name, _unless(raw_name, name), item_id),
                )
                _put_unaccented(connection, item_id, name, _folded(body))

    def is_folded(self) -> bool:
        """Whether all texts are folded by the current rules, or by newer ones."""
        if not self._is_folded:
            version, after = self._state()
            self._is_folded = version > VERSION or (version == VERSION and after is None)
        return self._is_folded

    def fold_all(
        self,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Fold all texts that are not folded yet, in portions. Searches may run meanwhile.

        Stopping between portions loses nothing. Does nothing if the library cannot be written.

        Args:
            progress: called with the last item id processed and the highest item id.
            should_stop: called between portions; True stops the folding.

        Returns:
            Whether all texts are folded.
        """
        if self.is_folded() or self._db.is_read_only:
            return self.is_folded()
        has_changed = False
        while True:
            done, last, count = self._fold_some()
            has_changed = has_changed or count > 0
            progress(done, last)
            if self.is_folded():
                break
            if should_stop():
                return False
        if has_changed:
            self._tidy(should_stop)
        return True

    def _fold_some(self) -> tuple[int, int, int]:
        """Fold the next portion of rows.

        Returns:
            The item id up to which all is folded, the highest item id, and the number of rows folded.
        """
        with self._db.transaction() as connection:
            # Read inside the transaction, because another process may be folding, too.
            version, after = self._state()
            if version < VERSION:
                version, after = VERSION, 0
            last = connection.execute("SELECT coalesce(max(item_id), 0) FROM texts").fetchone()[0]
            if version > VERSION or after is None:
                return last, last, 0
            end = min(after + _IDS, last)
            rows = connection.execute(_OLD, (after, end)).fetchall()
            for item_id, raw_name, raw_body, *before in rows:
                name, body = _folded(raw_name), _folded(raw_body)
                if [name, body] != before:
                    connection.execute(
                        "UPDATE texts SET name = ?, body = ?, raw_name = ?, raw_body = ? WHERE item_id = ?",
                        (name, body, _unless(raw_name, name), _unless(raw_body, body), item_id),
                    )
                _put_unaccented(connection, item_id, name, body)
            done = rows[-1][0] if len(rows) == _ROWS else end
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (_STATE, json.dumps([version, None if done >= last else done])),
            )
        return done, last, len(rows)

    def _tidy(self, should_stop: Callable[[], bool]) -> None:
        # Refolded rows leave their old trigrams behind, as much data again, until FTS5 merges its segments
        # and reuses the pages. A negative number starts a merge; see "merge" in the documentation of FTS5.
        connection = self._db.connection
        merge = "INSERT INTO texts_fts (texts_fts, rank) VALUES ('merge', ?)"
        connection.execute(merge, (-_MERGED_PAGES,))
        before = -2
        while connection.total_changes - before >= 2 and not should_stop():
            before = connection.total_changes
            connection.execute(merge, (_MERGED_PAGES,))

    def _state(self) -> tuple[tuple[int, ...], int | None]:
        """Return the version of the rules, and the item id up to which rows are folded, or None if all are."""
        row = self._db.connection.execute("SELECT value FROM meta WHERE key = ?", (_STATE,)).fetchone()
        version, after = json.loads(row[0]) if row else ((), 0)
        return tuple(version), after


def _folded(text: str) -> str:
    # LIKE and the trigram tokenizer ignore the case of ASCII, so ASCII text, which most libraries mainly
    # hold, is stored once.
    return text if text.isascii() else fold(text)


def _unless(raw: str, folded: str) -> str | None:
    return None if raw == folded else raw


def _put_unaccented(connection: sqlite3.Connection, item_id: int, name: str, body: str) -> None:
    words = unaccented_words(name), unaccented_words(body)
    known = connection.execute("SELECT name, body FROM unaccented WHERE item_id = ?", (item_id,)).fetchone()
    if known == words or (known is None and not any(words)):
        return
    connection.execute("DELETE FROM unaccented WHERE item_id = ?", (item_id,))
    if any(words):
        connection.execute("INSERT INTO unaccented (item_id, name, body) VALUES (?, ?, ?)", (item_id, *words))


def _storable(text: str) -> str:
    # SQLite's TEXT takes no lone surrogates (from file names that are not UTF-8), and some functions stop at
    # NUL.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
