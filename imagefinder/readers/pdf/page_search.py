"""Search for a phrase on a page, by comparing folded text."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from imagefinder.text_folding import fold, is_mark, without_accents

Box = tuple[float, float, float, float]
"""Left, top, right and bottom coordinate."""
Line = Sequence[tuple[str, Box]]
"""Characters of a line with their boxes."""

_HYPHENS = "-\u2010\u00ad"
_SOUND_MARKS = "\uff9e\uff9f\u309b\u309c"
"""Voicing marks of kana that are separate characters."""
_CJK = (
    ("\u3040", "\u30ff"),
    ("\u3400", "\u4dbf"),
    ("\u4e00", "\u9fff"),
    ("\uf900", "\ufaff"),
    ("\uff00", "\uffef"),
)


class PageSearch:
    """Searchable text of one page.

    Characters are folded one by one (with their combining marks), so that each folded piece keeps its position.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._pieces: list[str] = []
        """Folded text: one piece for each character, and a space between words."""
        self._places: list[tuple[int, Box] | None] = []
        """Line number and box of each piece; None for a space between lines."""
        last = ""
        for number, line in enumerate(lines):
            signs = list(_signs(line))
            if signs:
                self._join(last, signs[0][0])
                last = signs[-1][0]
            for sign, box in signs:
                self._pieces.append(" " if sign.isspace() else fold(sign))
                self._places.append((number, box))

    def find(self, phrase: str) -> list[Box]:
        """Return the boxes of all occurrences of a phrase, one box for each line that an occurrence spans.

        Accents are ignored only if there is no match with them.
        """
        phrase = fold(phrase)
        found = self._find(phrase, self._pieces)
        return found or self._find(
            without_accents(phrase), [without_accents(piece) for piece in self._pieces]
        )

    def _join(self, before: str, after: str) -> None:
        # Lines are joined as in ``page_text.clean_text``.
        if not before:
            return
        if before in _HYPHENS and len(self._pieces) > 1 and self._pieces[-2].isalpha() and after.islower():
            self._pieces[-1] = ""
        elif not (_is_cjk(before) and _is_cjk(after)):
            self._pieces.append(" ")
            self._places.append(None)

    def _find(self, phrase: str, pieces: Sequence[str]) -> list[Box]:
        text = "".join(pieces)
        owners = [number for number, piece in enumerate(pieces) for _ in piece]
        found = []
        at = text.find(phrase) if phrase else -1
        while at >= 0:
            first, last = owners[at], owners[at + len(phrase) - 1]
            places = [place for place in self._places[first : last + 1] if place is not None]
            found += [_around(box for _, box in some) for _, some in groupby(places, lambda place: place[0])]
            at = text.find(phrase, at + len(phrase))
        return found


def _signs(line: Line) -> Iterator[tuple[str, Box]]:
    """Yield the characters of a line with their boxes.

    Combining marks, and the jamo of one Hangul syllable, are joined to the character before them.
    """
    starts = [
        at for at, (character, _) in enumerate(line) if not at or not _joins(line[at - 1][0], character)
    ]
    for start, end in pairwise([*starts, len(line)]):
        yield (
            "".join(character for character, _ in line[start:end]),
            _around(box for _, box in line[start:end]),
        )


def _joins(before: str, character: str) -> bool:
    # Vowels and final consonants of Hangul belong to the syllable before them.
    is_jamo = "\u1160" <= character <= "\u11ff" or "\ud7b0" <= character <= "\ud7ff"
    return character in _SOUND_MARKS or is_mark(character) or (is_jamo and "\u1100" <= before <= "\ud7ff")


def _around(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _is_cjk(sign: str) -> bool:
    return any(low <= sign[0] <= high for low, high in _CJK)
