"""Words in file names and on pages: FTS5 with the trigram tokenizer."""

import re
from dataclasses import dataclass

from imagefinder.store.connection import Database

_TRIGRAM = 3
_CANDIDATES = 2000
"""Rows looked at more closely per query, best by bm25 first; far more than anybody scrolls through."""
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
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}_]+")
_LETTER = rf"[^\W\d_{_UNSPACED}]"


@dataclass(frozen=True, slots=True)
class TextMatch:
    """An item whose name or page holds words of the query."""

    item_id: int
    relevance: float
    """0 to 1: the mean over the query's terms of 1 (a whole word), 0.5 (a part of one) or 0 (not there)."""


class Term:
    """One word of a query, or one run of a script without spaces."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.is_unspaced = re.match(f"[{_UNSPACED}]", word) is not None
        # An English plural finds its singular, and the other way round.
        self._stem = word[:-1] if re.fullmatch(r"[a-z]{2,}[^s]s", word) else word
        # A letter is continued by letters, a digit by digits: "dog1.jpg" has the word dog, "hotdog.jpg" has not.
        first = r"\d" if self._stem[0].isdigit() else _LETTER
        last = r"\d" if self._stem[-1].isdigit() else _LETTER
        self._whole = re.compile(rf"(?<!{first}){re.escape(self._stem)}(?:e?s)?(?!{last})")

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
        if self._whole.search(text):
            return 1.0
        return _PARTIAL if self._stem in text else 0.0


def terms_of(text: str) -> list[Term]:
    """The words of a query that are looked for, each once, without stop words and single letters.

    A query of nothing else keeps them: it is all there is to go by.
    """
    words = list(dict.fromkeys(_WORD.findall(text.lower())))
    telling = [word for word in words if word not in _STOP_WORDS and not re.fullmatch(_LETTER, word)]
    return [Term(word) for word in telling or words]


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

    def _candidates(self, terms: list[Term]) -> list[tuple[int, str, str]]:
        phrases = [phrase for term in terms for phrase in term.trigram_phrases]
        if phrases:
            return self._db.connection.execute(
                f"""SELECT t.item_id, t.name, t.body FROM texts_fts AS s JOIN texts AS t ON t.item_id = s.rowid
                    WHERE texts_fts MATCH ? ORDER BY bm25(texts_fts, {_NAME_WEIGHT}, 1.0), s.rowid LIMIT ?""",
                (" OR ".join(f'"{phrase}"' for phrase in phrases), _CANDIDATES),
            ).fetchall()
        # Trigrams cannot find what is shorter than three characters, as many Chinese words are: read along.
        condition = " OR ".join("instr(fold(name), ?) OR instr(fold(body), ?)" for _ in terms) or "0"
        words = [term.word for term in terms for _ in range(2)]
        return self._db.connection.execute(
            f"SELECT item_id, name, body FROM texts WHERE {condition} ORDER BY item_id LIMIT ?",
            (*words, _CANDIDATES),
        ).fetchall()
