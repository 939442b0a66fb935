"""Full-text search in file names and page text: FTS5 with the trigram tokenizer."""

import unicodedata
from dataclasses import dataclass

from imagefinder.store.connection import Database
from imagefinder.store.terms import Term, terms_of
from imagefinder.store.texts import TextTable
from imagefinder.text_folding import fold

_CANDIDATES = 2000
"""Rows looked at more closely per query, best by bm25 first; far more than anybody scrolls through."""
_COMMON = 2000
"""A word that more items hold is not ranked by bm25, which looks at each of them (2 ms for so many; the "IMG" of a
million names would take a second): where it says so little, one is as good as another."""
_NAME_WEIGHT = 4.0
"""bm25's weight of a file's name beside its page: names are short and chosen by a person."""
_TEXTS, _UNACCENTED = "texts", "unaccented"
"""Tables of what is searched, each with an index of trigrams, ``…_fts``."""
_ROW = """SELECT t.item_id, t.name, t.body, u.name || char(10) || u.body
    FROM texts AS t LEFT JOIN unaccented AS u ON u.item_id = t.item_id"""


@dataclass(frozen=True, slots=True)
class TextMatch:
    """An item whose name or page holds words of the query."""

    item_id: int
    relevance: float
    """0 to 1: the mean of what ``Term.weight_in`` says of the query's terms."""


_Text = tuple[int, str, str, str | None]
"""An item's id, the name of its file, the words on the page, and words of both without their accents."""


class TextSearch:
    """Finds items by the words of their file's name and of their page."""

    def __init__(self, db: Database, texts: TextTable) -> None:
        self._db = db
        self._texts = texts

    def search(self, text: str) -> list[TextMatch]:
        """Items in which at least half of the query's terms occur, most relevant first, then by bm25."""
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
        """What is looked at more closely, best first: what holds the terms themselves, then what differs in accents."""
        unaccented = [term.unaccented for term in terms]
        found = self._holding(_TEXTS, terms)
        if unaccented != terms:
            found += self._holding(_TEXTS, unaccented)
        if self._db.connection.execute(f"SELECT EXISTS (SELECT 1 FROM {_UNACCENTED})").fetchone()[0]:
            found += self._holding(_UNACCENTED, unaccented)
        return found

    def _as_typed(self, text: str) -> list[_Text]:
        """What is not folded yet, and written as the query is, or in the other normal form."""
        forms = dict.fromkeys(unicodedata.normalize(form, text).lower() for form in ("NFC", "NFD"))
        return [found for form in forms for found in self._holding(_TEXTS, terms_of(form, str.lower))]

    def _holding(self, table: str, terms: list[Term]) -> list[_Text]:
        """Items that a table has some of the terms of, best first; of what very many items hold, the oldest."""
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
        # FTS5 gives rows by their id, so it stops after the first ones.
        return self._db.connection.execute(
            f"""{_ROW} JOIN {table}_fts AS s ON t.item_id = s.rowid
                WHERE {table}_fts MATCH ? ORDER BY s.rowid LIMIT ?""",
            (expression, _CANDIDATES),
        ).fetchall()

    def _read_along(self, table: str, terms: list[Term]) -> list[_Text]:
        """Trigrams cannot find what is shorter than three characters, as many Chinese words are: 0.1 s in a
        million names."""
        tests = [test for term in terms for test in _tests(term.word)]
        condition = _any_of([test for test, _ in tests]) or "0"
        values = [value for _, value in tests]
        return self._db.connection.execute(
            f"""{_ROW} WHERE t.item_id IN (SELECT item_id FROM {table} WHERE {condition} ORDER BY item_id LIMIT ?)
                ORDER BY t.item_id""",
            (*values, _CANDIDATES),
        ).fetchall()


def _each_once(texts: list[_Text]) -> list[_Text]:
    """By their first place. By id alone: the words of a page are long."""
    return list({text[0]: text for text in reversed(texts)}.values())[::-1]


def _lower(text: str) -> str:
    # Other text than ASCII is stored folded, and some letters are capitals when folded.
    return text.lower() if text.isascii() else text


def _either(phrases: list[str]) -> str:
    return "(" + " OR ".join(f'"{phrase}"' for phrase in phrases) + ")"


def _any_of(conditions: list[str]) -> str:
    """The conditions joined by OR, as a balanced tree: SQLite takes expressions of 1,000 levels at most."""
    if len(conditions) <= 2:
        return " OR ".join(conditions)
    middle = len(conditions) // 2
    return f"({_any_of(conditions[:middle])}) OR ({_any_of(conditions[middle:])})"


def _tests(word: str) -> list[tuple[str, str]]:
    """SQL that tells whether a column of folded text, or of ASCII in any case, holds a word; and its parameter.

    SQLite's own operators are five times as fast as a function of ours; LIKE knows the case of ASCII alone.
    """
    if word.isascii():
        return [(f"{column} LIKE ?", f"%{word}%") for column in ("name", "body")]
    return [(f"instr({column}, ?)", word) for column in ("name", "body")]
