"""Splitting of texts longer than a model's context into pieces that fit."""

import unicodedata
from collections.abc import Callable

MOST_WORD_BYTES = 2048
"""Longest run without whitespace passed to a tokenizer. Byte-pair merging takes time quadratic in its length."""


def text_pieces(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Return the text if it fits, or else recursively its halves.

    Halves are of about equal length, so no piece consists of a word or two only, which would weigh as much as
    the others in their mean. A text is split between words. Without any (Chinese, a very long word), it is
    split after punctuation, or else in the middle.

    Args:
        text: The text to embed.
        fits: Returns whether the model reads a text without truncating it.
    """
    if len(text) < 2 or (_has_tokenizable_words(text) and fits(text)):
        return [text]
    at = _cut(text)
    halves = [half.strip() for half in (text[:at], text[at:])]
    return [piece for half in halves if half for piece in text_pieces(half, fits)]


def _has_tokenizable_words(text: str) -> bool:
    # A character has at most four bytes, so most texts need no second check.
    return len(text) * 4 <= MOST_WORD_BYTES or all(
        len(word.encode(errors="surrogatepass")) <= MOST_WORD_BYTES for word in text.split()
    )


def _cut(text: str) -> int:
    """Return the index at which to split, from 1 to the last index: the best kind of place, near the middle."""
    middle, reach = len(text) // 2, len(text) // 4
    for is_good in (str.isspace, _is_punctuation):
        for distance in range(reach + 1):
            for at in (middle - distance, middle + distance):
                if 0 < at < len(text) and is_good(text[at - 1]):
                    return at
    # Never split between a letter and its combining accent.
    return next((at for at in range(middle, len(text)) if not unicodedata.combining(text[at])), middle)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")
