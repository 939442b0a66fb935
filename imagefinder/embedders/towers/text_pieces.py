"""Split a text that is longer than a model's context into pieces that fit."""

import unicodedata
from collections.abc import Callable

MOST_WORD_BYTES = 2048
"""Longest run without a space that a tokenizer is given: joining byte pairs takes the square of its length."""


def text_pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """The text itself where it fits, else its halves, halved in turn until each fits.

    Halves are about equal, so that none is a scrap of a word or two, which would weigh as much as the others in
    their mean. They are cut between words; where there are none (Chinese, an endless word), behind punctuation;
    else in the middle.

    Args:
        text: what is to be embedded.
        fits: whether the model reads all of a text at once.
    """
    if len(text) < 2 or (_has_tokenizable_words(text) and fits(text)):
        return [text]
    at = _cut(text)
    halves = [half.strip() for half in (text[:at], text[at:])]
    return [piece for half in halves if half for piece in text_pieces(half, fits)]


def _has_tokenizable_words(text: str) -> bool:
    # A character takes four bytes at most, so most texts need no second look.
    return len(text) * 4 <= MOST_WORD_BYTES or all(
        len(word.encode(errors="surrogatepass")) <= MOST_WORD_BYTES for word in text.split()
    )


def _cut(text: str) -> int:
    """Where to cut, from 1 to the last index: as near the middle as can be, at the best kind of place."""
    middle, reach = len(text) // 2, len(text) // 4
    for is_good in (str.isspace, _is_punctuation):
        for distance in range(reach + 1):
            for at in (middle - distance, middle + distance):
                if 0 < at < len(text) and is_good(text[at - 1]):
                    return at
    # Not between a letter and the accent upon it.
    return next((at for at in range(middle, len(text)) if not unicodedata.combining(text[at])), middle)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")
