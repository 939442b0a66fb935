"""Text folding: bring text into one form, so that what reads alike compares equal.

Unicode writes the same text in many ways: "é" as one character or two, full-width and half-width letters, ligatures,
capitals. Whatever compares names, words on pages and queries compares what ``fold`` gives of both sides.
"""

import re
import unicodedata
from functools import cache

_Version = tuple[int, ...]

VERSION: _Version = (1, *map(int, unicodedata.unidata_version.split(".")))
"""Grows whenever ``fold`` or ``without_accents`` may give something else: our rules' number first, then the Unicode
version of this Python, of which a newer one knows more letters. What is stored is folded again where this is greater.
"""

# What shows nothing: Unicode's Default_Ignorable_Code_Point (soft hyphens, joiners, marks of direction, variation
# selectors, fillers), and the stroke that draws Arabic words out.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Marks that a reader may leave out: accents as Latin, Greek and Cyrillic have them, the vowel points of Hebrew, and
# of Arabic those of vowels and recitation. Marks that make another letter are not among them: voiced kana, Indic
# signs and vowels, an Arabic hamza.
_ACCENTS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff"
)
# Letters that are typed as others where a keyboard lacks them, and that Unicode does not take apart.
_PLAIN = {
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip


def fold(text: str) -> str:
    """The text in one form of all that read alike: composed, of ordinary width, in lower case.

    It is Unicode's NFKC_Casefold (UAX #31; "ß" is "ss", "ﬁ" is "fi", "Ⅳ" is "iv", "ｶﾞ" is "ガ") with three
    additions: a dotted i is an i, also the one that "İ" has as a small letter; the Arabic tatweel is left out; and a
    mark of voiced kana that stands for itself ("か゛") joins its kana. What ``fold`` gives it leaves as it is.
    """
    if text.isascii():
        return text.lower()
    text = _invisible().sub("", unicodedata.normalize("NFKD", text)).casefold()
    # Once more: what is taken apart may have case, and what is folded may be taken apart.
    text = unicodedata.normalize("NFKD", text).casefold().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", text.replace(" \u3099", "\u3099").replace(" \u309a", "\u309a"))


def without_accents(folded: str) -> str:
    """A folded text without accents and vowel points, for a second comparison that counts less."""
    if folded.isascii():
        return folded
    text = _accents().sub("", unicodedata.normalize("NFD", folded))
    for letter, plain in _PLAIN.items():
        text = text.replace(letter, plain)
    return unicodedata.normalize("NFC", text)


def unaccented_words(folded: str) -> str:
    """The words of a folded text that ``without_accents`` changes, each once, changed, with a space between them."""
    if folded.isascii():
        return ""
    plain = ((word, without_accents(word)) for word in dict.fromkeys(folded.split()))
    return " ".join(changed for word, changed in plain if changed != word)


def is_mark(character: str) -> bool:
    """Whether a character belongs to the one before it: an accent, a vowel sign, a point."""
    return not character.isascii() and unicodedata.category(character).startswith("M")


def canonical(text: str) -> str:
    """The text with its characters composed (NFC): the same letters, also for file systems, written in one way."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def of_ordinary_width(text: str) -> str:
    """The text as typed but for the forms of letters (NFKC): full-width letters, ligatures. Capitals stay."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


# Compiled when the first text that is not ASCII comes: such sets of characters take milliseconds.


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{_INVISIBLE}]+")


@cache
def _accents() -> re.Pattern[str]:
    return re.compile(f"[{_ACCENTS}]+")
