"""Detect words in scripts that an English model was not trained on."""

import unicodedata
from itertools import groupby

from imagefinder.text_folding import is_mark, of_ordinary_width

_ENDS = ".,;:!?()[]{}<>\"'/\\|-_"
_COMMON_SCRIPTS = ("LATIN", "MODIFIER")
"""Words in the names of letters that may stand in a Latin word."""


def latin_part(text: str) -> str:
    """The text without its words in other scripts than Latin, and without the punctuation round words then.

    Full-width letters are Latin ones, and given in ordinary width; digits, emoji and the like stay. A text without
    words in other scripts comes as it is, but for its width.
    """
    text = of_ordinary_width(text)
    if not foreign_words(text):
        return text
    marked = zip(text, _are_foreign(text), strict=True)
    kept = "".join(
        " " if is_foreign or _is_foreign_punctuation(character) else character
        for character, is_foreign in marked
    )
    return " ".join(word for part in kept.split() if (word := part.strip(_ENDS)))


def foreign_words(text: str) -> list[str]:
    """The words of a text in other scripts than Latin, as typed; in a script without spaces, what stands together."""
    if text.isascii():
        return []
    marked = groupby(zip(text, _are_foreign(text), strict=True), key=lambda pair: pair[1])
    return ["".join(character for character, _ in run) for is_foreign, run in marked if is_foreign]


def is_english_script(text: str) -> bool:
    """Whether a model that was taught English alone can make anything of a text: it has Latin letters (with accents or
    without), or none of any script."""
    letters = [character for character in text if character.isalpha()]
    return not letters or not all(map(_is_foreign, letters))


def _are_foreign(text: str) -> list[bool]:
    flags: list[bool] = []
    for character in text:
        # Vowel signs and joiners belong to the letter before them.
        joins = is_mark(character) or unicodedata.category(character) == "Cf"
        flags.append(flags[-1] if joins and flags else _is_foreign(character))
    return flags


def _is_foreign(character: str) -> bool:
    if character.isascii() or not (character.isalpha() or character.isdecimal()):
        return False
    wide = of_ordinary_width(character)
    if wide.isascii():
        return False
    name = unicodedata.name(character, "")
    return not any(script in name for script in _COMMON_SCRIPTS)


def _is_foreign_punctuation(character: str) -> bool:
    # Beyond Latin-1 and the quotation marks and dashes that English has.
    is_english = character <= "\xff" or "\u2010" <= character <= "\u2027"
    return not is_english and unicodedata.category(character).startswith("P")
