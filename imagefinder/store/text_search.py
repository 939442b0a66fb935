"""Full-text search in file names and page text: FTS5 with the trigram tokenizer."""

import unicodedata
from dataclasses import dataclass

from imagefinder.store.connection import Database
from imagefinder.store.terms import Term, terms_of
from imagefinder.store.texts import TextTable
from imagefinder.text_folding import fold

_CANDIDATES = 2000
"""Maximum number of rows evaluated per lookup, best first by bm25. Far more than anyone scrolls through."""
_COMMON = 2000
"""Number of items above which a word is not ranked by bm25, which evaluates each of them.

That takes 2 ms for 2,000 items, but a second for the "IMG" of a million names, for which the ranking means
little.
"""
_NAME_WEIGHT = 4.0
"""bm25's weight of a file's name compared with its page. Names are short and chosen by people."""
_TEXTS, _UNACCENTED = "texts", "unaccented"
"""Names of the searched tables. Each has a trigram index, named with the suffix ``_fts``."""
_ROW = """SELECT t.item_id, t.name, t.body, u.name || char(10) || u.body
    FROM texts AS t LEFT JOIN unaccented AS u ON u.item_id = t.item_id"""


@dataclass(frozen=True, slots=True)
class TextMatch:
    """An item whose name or page contains terms of the query."""

    item_id: int
    relevance: float
    """Mean weight of the query's terms (see ``Term.weight_in``), 0 to 1."""


_Text = tuple[int, str, str, str | None]
"""An item's id, its file's name, its page text, and words of both with accents removed."""


class TextSearch:
    """Finds items by words in their file's name and on their page."""

    def __init__(self, db: Database, texts: TextTable) -> None:
        self._db = db
        self._texts = texts

    def search(self, text: str) -> list[TextMatch]:
        """Return the items in which at least half of the query's terms occur, by relevance, then by bm25."""
        terms = terms_of(text)
        if self._texts.is_folded():
            folded, candidates = _lower, self._candidates(terms)
        else:
            folded, candidates = fold, [*self._candidates(terms), *self._as_typed(text)]
        matches = []
        for order, (item_id, name, body, unaccented) in enumerate(_each_once(candidates)):
            held = f"{folded(name)}\n{folded(body)}"
            weights = [term.weight_in(held, unaccented) for term in terms]
            if sum(weight > 0 for weight in weights) * 2 >= len(terms):
                matches.append((-sum(weights) / len(terms), order, item_id))
        return [TextMatch(item_id, -negative) for negative, _, item_id in sorted(matches)]

    def _candidates(self, terms: list[Term]) -> list[_Text]:
        """Return the rows to evaluate, best first: exact matches, then those that differ in accents."""
        unaccented = [term.unaccented for term in terms]
        found = self._holding(_TEXTS, terms)
        if unaccented != terms:
            found += self._holding(_TEXTS, unaccented)
        if self._db.connection.execute(f"SELECT EXISTS (SELECT 1 FROM {_UNACCENTED})").fetchone()[0]:
            found += self._holding(_UNACCENTED, unaccented)
        return found

    def _as_typed(self, text: str) -> list[_Text]:
        """Return rows that are not folded yet and match the query as typed, or in the other normal form."""
        forms = dict.fromkeys(unicodedata.normalize(form, text).lower() for form in ("NFC", "NFD"))
        return [found for form in forms for found in self._holding(_TEXTS, terms_of(form, str.lower))]

    def _holding(self, table: str, terms: list[Term]) -> list[_Text]:
        """Return rows of a table that hold any of the terms, best first; for very common terms, the oldest."""
        expressions = [_either(term.trigram_phrases) for term in terms if term.trigram_phrases]
        if not expressions:
            return self._read_along(table, terms)
        common = [expression for expression in expressions if self._is_common(table, expression)]
        telling = [expression for expression in expressions if expression not in common]
        found = self._by_bm25(table, " OR ".join(telling)) if telling else []
        for expression in dict.fromkeys((" AND ".join(common), " OR ".join(common))) if common else ():
            found += self._oldest(table, expression)
        return found

    def _is_common(self, table: str, expression: str) -> bool:
        row = self._db.connection.execute(
            f"SELECT 1 FROM {table}_fts WHERE {table}_fts MATCH ? LIMIT 1 OFFSET ?", (expression, _COMMON)
        ).fetchone()
        return row is not None

    def _by_bm25(self, table: str, expression: str) -> list[_Text]:
        return self._db.connection.execute(
            f"""{_ROW} JOIN {table}_fts AS s ON t.item_id = s.rowid
                WHERE {table}_fts MATCH ? ORDER BY bm25({table}_fts, {_NAME_WEIGHT}, 1.0), s.rowid LIMIT ?""",
            (expression, _CANDIDATES),
        ).fetchall()

    def _oldest(self, table: str, expression: str) -> list[_Text]:
        # FTS5 returns rows by id, so it stops after the first ones.
        return self._db.connection.execute(
            f"""{_ROW} JOIN {table}_fts AS s ON t.item_id = s.rowid
                WHERE {table}_fts MATCH ? ORDER BY s.rowid LIMIT ?""",
            (expression, _CANDIDATES),
        ).fetchall()

    def _read_along(self, table: str, terms: list[Term]) -> list[_Text]:
        """Return rows that contain terms too short for trigrams, by scanning the table.

        Many Chinese words have one or two characters. Takes 0.1 s for a million names.
        """
        tests = [test for term in terms for test in _tests(term.word)]
        condition = _any_of([test for test, _ in tests]) or "0"
        values = [value for _, value in tests]
        return self._db.connection.execute(
            f"""{_ROW} WHERE t.item_id IN (SELECT item_id FROM {table} WHERE {condition} ORDER BY item_id LIMIT ?)
                ORDER BY t.item_id""",
            (*values, _CANDIDATES),
        ).fetchall()


def _each_once(texts: list[_Text]) -> list[_Text]:
    """Remove duplicates by id, keeping first occurrences.

    Comparing whole rows would be slow, as page text is long.
    """
    return list({text[0]: text for text in reversed(texts)}.values())[::-1]


def _lower(text: str) -> str:
    # Text that is not ASCII is stored folded, and folding turns some letters into capitals.
    return text.lower() if text.isascii() else text


def _either(phrases: list[str]) -> str:
    return "(" + " OR ".join(f'"{phrase}"' for phrase in phrases) + ")"


def _any_of(conditions: list[str]) -> str:
    """Join conditions by OR as a balanced tree, because SQLite limits expressions to a depth of 1,000."""
    if len(conditions) <= 2:
        return " OR ".join(conditions)
    middle = len(conditions) // 2
    return f"({_any_of(conditions[:middle])}) OR ({_any_of(conditions[middle:])})"


def _tests(word: str) -> list[tuple[str, str]]:
    """Return SQL conditions that a column contains a word, with their parameters.

    The columns hold folded text, or ASCII in any case. SQLite's operators are five times as fast as a Python
    function, but LIKE ignores the case of ASCII only.
    """
    if word.isascii():
        return [(f"{column} LIKE ?", f"%{word}%") for column in ("name", "body")]
    return [(f"instr({column}, ?)", word) for column in ("name", "body")]
