"""Terms: parsing a query's words, and matching them against a text."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from imagefinder.text_folding import fold, is_mark, without_accents

_TRIGRAM = 3
_PARTIAL = 0.5
"""Weight of a term found only inside a longer word. A term found as a word has weight 1."""
_OTHER_ACCENTS = 0.9
"""Factor for a term found only with other accents or without.

Keeps such hits between exact and partial ones.
"""

# Words that occur on nearly every English page and so do not distinguish pages.
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
_UNSPACED_WORD, _WORD, _SIGN = 1, 2, 3
"""Kinds of characters that make up terms; 0 is any other."""
# Regular expressions are avoided below: with these ranges each takes 2 ms to compile, and every term would
# need one.


class Term:
    """One word of a query, or one run of a script without spaces, folded."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.is_unspaced = _is_unspaced(word[0])
        # An English plural matches its singular, and vice versa.
        self._stem = word[:-1] if re.fullmatch(r"[a-z]{2,}[^s]s", word) else word
        # Letters continue a word that ends in a letter, and digits one that ends in a digit: "dog1.jpg"
        # contains the word "dog", "hotdog.jpg" does not.
        self._leads_on = str.isdecimal if self._stem[0].isdigit() else _is_letter
        self._goes_on = str.isdecimal if self._stem[-1].isdigit() else _is_letter
        bare = without_accents(word)
        self.unaccented = self if bare == word else Term(bare)
        """The term without accents; the same object if it has none."""

    @property
    def trigram_phrases(self) -> list[str]:
        """Phrases to look up in the trigram index; empty if the term is too short for it."""
        if self.is_unspaced:
            return [self.word[at : at + _TRIGRAM] for at in range(len(self.word) - _TRIGRAM + 1)]
        return [self._stem] if len(self._stem) >= _TRIGRAM else []

    @property
    def to_mark(self) -> list[list[str]]:
        """Lists of phrases to mark on a page, of which the first that is found is used."""
        if not self.is_unspaced:
            return [[self.word], [self._stem]]
        return [[self.word], [self.word[at : at + 2] for at in range(len(self.word) - 1)]]

    def weight_in(self, text: str, unaccented: str | None = None) -> float:
        """Return the weight of the term in a folded text: 1 as a word, 0.5 inside a word, else 0.

        The weight is multiplied by 0.9 if accents differ.

        Args:
            text: the folded text.
            unaccented: the text's words that have accents, with the accents removed.
        """
        weight = self._weight_in(text)
        if weight == 1 or (unaccented is None and self.unaccented is self):
            return weight
        whole = text if unaccented is None else f"{text}\n{unaccented}"
        return max(weight, _OTHER_ACCENTS * self.unaccented._weight_in(whole))

    def _weight_in(self, text: str) -> float:
        if self.is_unspaced:
            if self.word in text:
                return 1.0
            # A whole sentence hardly ever occurs literally on a page, so most of its character pairs suffice.
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


def terms_of(text: str, folded: Callable[[str], str] = fold) -> list[Term]:
    """Return the terms of a query, folded and without duplicates, stop words and single letters.

    A query that has only stop words and single letters keeps them. A query without any words uses symbols
    such as emoji.
    """
    words: dict[str, None] = {}
    signs: dict[str, None] = {}
    for kind, run in _runs(folded(text)):
        if kind == _SIGN:
            signs[run] = None
        elif kind:
            words[run] = None
    telling = [
        word for word in words if word not in _STOP_WORDS and not (len(word) == 1 and _is_letter(word))
    ]
    return [Term(word) for word in telling or words or signs]


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Split a text into runs of characters of one kind."""
    kind, start = 0, 0
    for at, character in enumerate(text):
        # A combining mark belongs to the character before it.
        now = kind if at and is_mark(character) else _kind(character)
        if now != kind:
            yield kind, text[start:at]
            kind, start = now, at
    yield kind, text[start:]


def _kind(character: str) -> int:
    if _is_unspaced(character):
        return _UNSPACED_WORD
    if character.isalnum():
        return _WORD
    return _SIGN if unicodedata.category(character) == "So" else 0


def _is_unspaced(character: str) -> bool:
    return not character.isascii() and any(low <= character <= high for low, high in _UNSPACED)


def _is_letter(character: str) -> bool:
    if character.isascii():
        return character.isalpha()
    if _is_unspaced(character) or character.isdecimal():
        return False
    return character.isalnum() or is_mark(character)
