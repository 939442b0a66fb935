"""Text folding: one form for text that reads alike, for comparing.

Unicode can write the same text in many ways: "é" as one character or two, full-width and half-width letters,
ligatures, capitals. Code that compares names, words on pages or queries must compare the results of ``fold``
for both sides.
"""

import re
import unicodedata
from functools import cache

_Version = tuple[int, ...]

VERSION: _Version = (1, *map(int, unicodedata.unidata_version.split(".")))
"""Version of the folding rules: the number of this module's rules, then Python's Unicode version.

It increases whenever ``fold`` or ``without_accents`` may return something else; newer Unicode versions define
more letters. Stored texts with a lower version are folded again.
"""

# Invisible characters: Unicode's Default_Ignorable_Code_Point (soft hyphens, joiners, direction marks, variation
# selectors, fillers), and the tatweel, which elongates Arabic words.
_INVISIBLE = (
    "\u00ad\u034f\u061c\u0640\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Marks that may be omitted in writing: accents of Latin, Greek and Cyrillic, the vowel points of Hebrew, and the
# vowel and recitation marks of Arabic. Marks that make a different letter are not among them: voiced kana, Indic
# signs and vowels, the Arabic hamza.
_ACCENTS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u2de0-\u2dff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08ff"
)
# Letters that are often typed as others for lack of a key, and that Unicode does not decompose.
_PLAIN = {
    "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ŋ": "n", "æ": "ae", "œ": "oe", "þ": "th",
}  # fmt: skip


def fold(text: str) -> str:
    """Return the folded form of a text: composed, of ordinary width, in lower case. Idempotent.

    This is Unicode's NFKC_Casefold (UAX #31; "ß" becomes "ss", "ﬁ" "fi", "Ⅳ" "iv", "ｶﾞ" "ガ") with three
    additions: "i" followed by a combining dot becomes "i" (also in the lower case of "İ"); the Arabic tatweel
    is removed; and a standalone voiced sound mark ("か゛") is combined with its kana.
    """
    if text.isascii():
        return text.lower()
    text = _invisible().sub("", unicodedata.normalize("NFKD", text)).casefold()
    # A second round, because decomposition can produce letters with case, and case folding can produce decomposable
    # ones.
    text = unicodedata.normalize("NFKD", text).casefold().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", text.replace(" \u3099", "\u3099").replace(" \u309a", "\u309a"))


def without_accents(folded: str) -> str:
    """Return a folded text without accents and vowel points, for a secondary comparison of lower weight."""
    if folded.isascii():
        return folded
    text = _accents().sub("", unicodedata.normalize("NFD", folded))
    for letter, plain in _PLAIN.items():
        text = text.replace(letter, plain)
    return unicodedata.normalize("NFC", text)


def unaccented_words(folded: str) -> str:
    """Return the distinct words that ``without_accents`` changes, in changed form, separated by spaces."""
    if folded.isascii():
        return ""
    plain = ((word, without_accents(word)) for word in dict.fromkeys(folded.split()))
    return " ".join(changed for word, changed in plain if changed != word)


def is_mark(character: str) -> bool:
    """Return whether a character is a combining mark: an accent, a vowel sign, a point."""
    return not character.isascii() and unicodedata.category(character).startswith("M")


def canonical(text: str) -> str:
    """Return the text in NFC, the composed form. File systems may use other normal forms for the same name."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def of_ordinary_width(text: str) -> str:
    """Return the text in NFKC: letters of ordinary width, without ligatures. Case is kept."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


# Compiled on first use with text that is not ASCII: such large character sets take milliseconds to compile.


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(f"[{_INVISIBLE}]+")


@cache
def _accents() -> re.Pattern[str]:
    return re.compile(f"[{_ACCENTS}]+")
