"""Parse a query's words into terms, and match them against a text."""

import re
import unicodedata
from collections.abc import Callable, Iterator

from imagefinder.text_folding import fold, is_mark, without_accents

_TRIGRAM = 3
_PARTIAL = 0.5
"""What a term counts that is found only inside a longer word; one found as a word of its own counts 1."""
_OTHER_ACCENTS = 0.9
"""How much of that a term counts that is there only with other accents, or without: after every exact hit, but
before what holds a part of it."""

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
_UNSPACED_WORD, _WORD, _SIGN = 1, 2, 3
"""Kinds of characters that make words; 0 is any other."""
# What follows does by hand what regular expressions would: with such ranges each takes 2 ms to compile, and
# every term would need its own.


class Term:
    """One word of a query, or one run of a script without spaces; folded."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.is_unspaced = _is_unspaced(word[0])
        # An English plural finds its singular, and the other way round.
        self._stem = word[:-1] if re.fullmatch(r"[a-z]{2,}[^s]s", word) else word
        # A letter is continued by letters, a digit by digits: "dog1.jpg" has the word dog, "hotdog.jpg" has not.
        self._leads_on = str.isdecimal if self._stem[0].isdigit() else _is_letter
        self._goes_on = str.isdecimal if self._stem[-1].isdigit() else _is_letter
        bare = without_accents(word)
        self.unaccented = self if bare == word else Term(bare)
        """The term without accents; itself where it has none."""

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

    def weight_in(self, text: str, unaccented: str | None = None) -> float:
        """How far the term stands in a folded text: 1 as a word, 0.5 as a part of one, else 0; nine tenths of that
        where the accents differ. ``unaccented`` are the text's words that have accents, without them.
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


def terms_of(text: str, folded: Callable[[str], str] = fold) -> list[Term]:
    """The words of a query that are looked for, folded, each once, without stop words and single letters.

    A query of nothing else keeps them: it is all there is to go by. So it does signs such as emoji.
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
    """A text in runs of characters of one kind."""
    kind, start = 0, 0
    for at, character in enumerate(text):
        # A mark belongs to what it stands on.
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
