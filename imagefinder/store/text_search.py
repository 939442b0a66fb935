"""Words in file names and on pages: FTS5 with the trigram tokenizer."""

import re
from dataclasses import dataclass
from itertools import groupby, product

from imagefinder.store.connection import Database

_TRIGRAM = 3
_CANDIDATES = 2000
"""Rows looked at more closely per query, best by bm25 first; far more than anybody scrolls through."""
_COMMON = 2000
"""A word that more items hold is not ranked by bm25, which looks at each of them (2 ms for so many; the "IMG" of a
million names would take a second): where it says so little, one is as good as another."""
_NAME_WEIGHT = 4.0
"""bm25's weight of a file's name beside its page: names are short and chosen by a person."""
_PARTIAL = 0.5
"""What a term counts that is found only inside a longer word; one found as a word of its own counts 1."""

# Words that say nothing about which page is meant: nearly every page of English has them.
_STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "but",
        "by",
        "for",
        "from",
        "has",
        "have",
        "he",
        "her",
        "his",
        "i",
        "in",
        "into",
        "is",
        "it",
        "its",
        "my",
        "near",
        "no",
        "not",
        "of",
        "off",
        "on",
        "onto",
        "or",
        "our",
        "over",
        "she",
        "so",
        "some",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "to",
        "under",
        "up",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "with",
        "you",
        "your",
        "photo",
        "photos",
        "photograph",
        "picture",
        "pictures",
        "image",
        "images",
    ]
)
# Thai, Lao, Burmese, Khmer, kana and Han are written without spaces between words.
_UNSPACED = (
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"), ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"),
)  # fmt: skip
# What follows does by hand what regular expressions would: with such ranges each takes 2 ms to compile, and
# every term would need its own.


@dataclass(frozen=True, slots=True)
class TextMatch:
    """An item whose name or page holds words of the query."""

    item_id: int
    relevance: float
    """0 to 1: the mean over the query's terms of 1 (a whole word), 0.5 (a part of one) or 0 (not there)."""


_Text = tuple[int, str, str]
"""An item's id, the name of its file, and the words on the page."""


class Term:
    """One word of a query, or one run of a script without spaces."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.is_unspaced = _is_unspaced(word[0])
        # An English plural finds its singular, and the other way round.
        self._stem = word[:-1] if re.fullmatch(r"[a-z]{2,}[^s]s", word) else word
        # A letter is continued by letters, a digit by digits: "dog1.jpg" has the word dog, "hotdog.jpg" has not.
        self._leads_on = str.isdecimal if self._stem[0].isdigit() else _is_letter
        self._goes_on = str.isdecimal if self._stem[-1].isdigit() else _is_letter

    @property
    def trigram_phrases(self) -> list[str]:
        """What to ask the trigram index for; empty for a term that is too short for it."""
        if self.is_unspaced:
            return [self.word[at : at + _TRIGRAM] for at in range(len(self.word) - _TRIGRAM + 1)]
        return [self._stem] if len(self._stem) >= _TRIGRAM else []

    @property
    def to_mark(self) -> list[list[str]]:
        """What to look for on a page to show where the term stands: the first of these lists that is found."""
        if not self.is_unspaced:
            return [[self.word], [self._stem]]
        return [[self.word], [self.word[at : at + 2] for at in range(len(self.word) - 1)]]

    def weight_in(self, text: str) -> float:
        """1 where the term stands in a lower-case text as a word, 0.5 where a part of it does, else 0."""
        if self.is_unspaced:
            if self.word in text:
                return 1.0
            # A sentence is hardly ever on a page to the letter: most of its character pairs will do.
            pairs = [self.word[at : at + 2] for at in range(len(self.word) - 1)]
            return _PARTIAL if pairs and sum(pair in text for pair in pairs) * 2 > len(pairs) else 0.0
        if self._stem not in text:
            return 0.0
        return 1.0 if self._is_word_of(text) else _PARTIAL

    def _is_word_of(self, text: str) -> bool:
        at = text.find(self._stem)
        while at >= 0:
            if not (at and self._leads_on(text[at - 1])):
                after = at + len(self._stem)
                ends = [after + len(plural) for plural in ("", "s", "es") if text.startswith(plural, after)]
                if any(end == len(text) or not self._goes_on(text[end]) for end in ends):
                    return True
            at = text.find(self._stem, at + 1)
        return False


def terms_of(text: str) -> list[Term]:
    """The words of a query that are looked for, each once, without stop words and single letters.

    A query of nothing else keeps them: it is all there is to go by.
    """
    runs = groupby(text.lower(), _kind)
    words = list(dict.fromkeys("".join(run) for kind, run in runs if kind))
    telling = [
        word for word in words if word not in _STOP_WORDS and not (len(word) == 1 and _is_letter(word))
    ]
    return [Term(word) for word in telling or words]


def _kind(character: str) -> int:
    """Characters of one kind make a word; of 0, none."""
    if _is_unspaced(character):
        return 1
    return 2 if character.isalnum() else 0


def _is_unspaced(character: str) -> bool:
    return not character.isascii() and any(low <= character <= high for low, high in _UNSPACED)


def _is_letter(character: str) -> bool:
    if character.isascii():
        return character.isalpha()
    return character.isalnum() and not character.isdecimal() and not _is_unspaced(character)


class TextSearch:
    """Finds items by the words of their file's name and of their page."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def search(self, text: str) -> list[TextMatch]:
        """Items in which at least half of the query's terms occur, most relevant first, then by bm25."""
        terms = terms_of(text)
        matches = []
        for order, (item_id, name, body) in enumerate(self._candidates(terms)):
            folded = f"{name}\n{body}".lower()
            weights = [term.weight_in(folded) for term in terms]
            if sum(weight > 0 for weight in weights) * 2 >= len(terms):
                matches.append((-sum(weights) / len(terms), order, item_id))
        return [TextMatch(item_id, -negative) for negative, _, item_id in sorted(matches)]

    def _candidates(self, terms: list[Term]) -> list[_Text]:
        """What is looked at more closely, best first; of what very many items hold, the oldest."""
        expressions = [_either(term.trigram_phrases) for term in terms if term.trigram_phrases]
        if not expressions:
            return self._read_along(terms)
        common = [expression for expression in expressions if self._is_common(expression)]
        telling = [expression for expression in expressions if expression not in common]
        found = self._by_bm25(" OR ".join(telling)) if telling else []
        for expression in dict.fromkeys((" AND ".join(common), " OR ".join(common))) if common else ():
            found += self._oldest(expression)
        return list(dict.fromkeys(found))

    def _is_common(self, expression: str) -> bool:
        row = self._db.connection.execute(
            "SELECT 1 FROM texts_fts WHERE texts_fts MATCH ? LIMIT 1 OFFSET ?", (expression, _COMMON)
        ).fetchone()
        return row is not None

    def _by_bm25(self, expression: str) -> list[_Text]:
        return self._db.connection.execute(
            f"""SELECT t.item_id, t.name, t.body FROM texts_fts AS s JOIN texts AS t ON t.item_id = s.rowid
                WHERE texts_fts MATCH ? ORDER BY bm25(texts_fts, {_NAME_WEIGHT}, 1.0), s.rowid LIMIT ?""",
            (expression, _CANDIDATES),
        ).fetchall()

    def _oldest(self, expression: str) -> list[_Text]:
        # FTS5 gives rows by their id, so it stops after the first ones.
        return self._db.connection.execute(
            """SELECT t.item_id, t.name, t.body FROM texts_fts AS s JOIN texts AS t ON t.item_id = s.rowid
               WHERE texts_fts MATCH ? ORDER BY s.rowid LIMIT ?""",
            (expression, _CANDIDATES),
        ).fetchall()

    def _read_along(self, terms: list[Term]) -> list[_Text]:
        """Trigrams cannot find what is shorter than three characters, as many Chinese words are: 0.1 s in a
        million names."""
        tests = [test for term in terms for test in _tests(term.word)]
        condition = _any_of([f"{column} {test}" for test, _ in tests for column in ("name", "body")]) or "0"
        values = [value for _, value in tests for _ in range(2)]
        return self._db.connection.execute(
            f"SELECT item_id, name, body FROM texts WHERE {condition} ORDER BY item_id LIMIT ?",
            (*values, _CANDIDATES),
        ).fetchall()


def _either(phrases: list[str]) -> str:
    return "(" + " OR ".join(f'"{phrase}"' for phrase in phrases) + ")"


def _any_of(conditions: list[str]) -> str:
    """The conditions joined by OR, as a balanced tree: SQLite takes expressions of 1,000 levels at most."""
    if len(conditions) <= 2:
        return " OR ".join(conditions)
    middle = len(conditions) // 2
    return f"({_any_of(conditions[:middle])}) OR ({_any_of(conditions[middle:])})"


def _tests(word: str) -> list[tuple[str, str]]:
    """SQL that tells whether a column holds a short word in upper or lower case, and its parameter.

    SQLite's own operators are five times as fast as a function of ours; LIKE knows the case of ASCII alone.
    """
    if word.isascii():
        return [("LIKE ?", f"%{word}%")]
    cases = [dict.fromkeys((letter, letter.upper())) for letter in word]
    return [("GLOB ?", f"*{''.join(letters)}*") for letters in product(*cases)]
