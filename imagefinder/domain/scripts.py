"""Detection of words in scripts that English models were not trained on."""

import unicodedata
from itertools import groupby

from imagefinder.text_folding import is_mark, of_ordinary_width

_ENDS = ".,;:!?()[]{}<>\"'/\\|-_"
_COMMON_SCRIPTS = ("LATIN", "MODIFIER")
"""Words in the Unicode names of letters that may occur in a Latin word."""


def latin_part(text: str) -> str:
    """Return the text without words in non-Latin scripts and without the punctuation left around them.

    Full-width letters are Latin letters, and converted to ordinary width. Digits, emoji and the like are
    kept. A text without words in other scripts is returned unchanged except for its width.
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
    """Return the words of a text in non-Latin scripts, as typed.

    In a script without spaces, a run of characters counts as one word.
    """
    if text.isascii():
        return []
    marked = groupby(zip(text, _are_foreign(text), strict=True), key=lambda pair: pair[1])
    return ["".join(character for character, _ in run) for is_foreign, run in marked if is_foreign]


def is_english_script(text: str) -> bool:
    """Return whether a model trained on English only can use a text.

    True if the text contains Latin letters (with or without accents), or no letters at all.
    """
    letters = [character for character in text if character.isalpha()]
    return not letters or not all(map(_is_foreign, letters))


def _are_foreign(text: str) -> list[bool]:
    flags: list[bool] = []
    for character in text:
        # Vowel signs and joiners belong to the preceding letter.
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
    # Punctuation beyond Latin-1 and beyond English quotation marks and dashes.
    is_english = character <= "\xff" or "\u2010" <= character <= "\u2027"
    return not is_english and unicodedata.category(character).startswith("P")
