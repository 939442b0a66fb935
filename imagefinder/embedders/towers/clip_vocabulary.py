"""CLIP's byte-pair tokenizer without torch, using the vocabulary in open_clip's package.

It follows ``SimpleTokenizer`` of open_clip/tokenizer.py (from OpenAI's CLIP, MIT), which cannot be imported
without torch: clean the text and convert it to lower case, split it into words, and merge byte pairs in the
order of the vocabulary.
"""

import html
import importlib.util
import re
import zlib
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.towers.text_pieces import MOST_WORD_BYTES
from imagefinder.translation import tr

VOCABULARY_SIZE = 49408
START, END = VOCABULARY_SIZE - 2, VOCABULARY_SIZE - 1
"""Tokens at the start and end of every text."""

_FILE = "bpe_simple_vocab_16e6.txt.gz"
_MERGES = VOCABULARY_SIZE - 2 - 2 * 256
_ENOUGH = 600_000
"""Number of uncompressed bytes that contain all required lines."""
_MARKS = {"<start_of_text>": START, "<end_of_text>": END}
_ENDINGS = "'s|'t|'re|'ve|'m|'ll|'d"
# Words: letters, one digit, or other characters. ``re`` does not support Unicode classes, so it only handles ASCII
# texts, as most queries are. Importing regex takes as long as tokenizing them.
_ASCII = re.compile(rf"{'|'.join(_MARKS)}|{_ENDINGS}|[a-z]+|[0-9]|[^\sa-z0-9]+", re.IGNORECASE | re.ASCII)
_ANY = rf"{'|'.join(_MARKS)}|{_ENDINGS}|[\p{{L}}]+|[\p{{N}}]|[^\s\p{{L}}\p{{N}}]+"
_REMEMBERED = 4096


class ClipVocabulary:
    """Tokenizer of CLIP. Thread-safe."""

    def __init__(self) -> None:
        """Read the vocabulary.

        Raises:
            ModelError: open_clip, whose package contains it, is missing or damaged.
        """
        self._ids, self._ranks = _ids_of_bytes(), _ranks()
        self._signs = _signs_of_bytes()
        self._word = lru_cache(_REMEMBERED)(self._tokens_of_word)

    def __call__(self, texts: Sequence[str], length: int) -> list[list[int]]:
        """Return the tokens of each text between the start and end tokens, truncated to ``length`` in all."""
        return [[START, *self._tokens(text, length - 2), END] for text in texts]

    def fits(self, text: str, length: int) -> bool:
        """Return whether a text, with the start and end tokens, fits into ``length`` tokens.

        No word of the text may be longer than ``MOST_WORD_BYTES``.
        """
        return len(self._tokens(text, length - 1)) <= length - 2

    def _tokens(self, text: str, most: int) -> list[int]:
        tokens: list[int] = []
        for word in _words(text):
            if len(tokens) >= most:
                break
            tokens += self._word(word)
        return tokens[:most]

    def _tokens_of_word(self, word: str) -> list[int]:
        if word in _MARKS:
            return [_MARKS[word]]
        signs = [self._signs[byte] for byte in word.encode()[:MOST_WORD_BYTES]]
        signs[-1] += "</w>"
        ids = {sign: self._ids[sign] for sign in signs}
        while len(signs) > 1:
            pairs = [f"{first} {second}" for first, second in pairwise(signs)]
            best = min(pairs, key=lambda pair: self._ranks.get(pair, _MERGES))
            if best not in self._ranks:
                break
            signs = _joined(signs, best)
            # No two pairs produce the same symbol, so the pair determines its id.
            ids[best.replace(" ", "")] = len(self._ids) + self._ranks[best]
        return [ids[sign] for sign in signs]


def _joined(signs: list[str], pair: str) -> list[str]:
    """Return the symbols with each occurrence of a pair merged, from the left.

    A pair is written as two symbols separated by a space.
    """
    joined: list[str] = []
    at = 0
    while at < len(signs):
        if " ".join(signs[at : at + 2]) == pair:
            joined.append(signs[at] + signs[at + 1])
            at += 2
        else:
            joined.append(signs[at])
            at += 1
    return joined


def _words(text: str) -> list[str]:
    cleaned = " ".join(_clean(text).split()).lower()
    found: list[str] = (_ASCII if cleaned.isascii() else _any_script()).findall(cleaned)
    return found


def _clean(text: str) -> str:
    # ftfy does not change ASCII text without control characters and entities.
    if text.isascii() and text.isprintable() and "&" not in text:
        return text
    import ftfy

    return html.unescape(html.unescape(ftfy.fix_text(text)))


@cache
def _any_script() -> Any:
    import regex  # type: ignore[import-untyped]

    return regex.compile(_ANY, regex.IGNORECASE)


@cache
def _ids_of_bytes() -> dict[str, int]:
    """Return the ids of single bytes' symbols, inside and at the end of a word. Merged symbols follow by rank."""
    bytes_alone = list(_signs_of_bytes().values())
    signs = [*bytes_alone, *(sign + "</w>" for sign in bytes_alone)]
    return {sign: number for number, sign in enumerate(signs)}


@cache
def _ranks() -> dict[str, int]:
    """Return the merge ranks of pairs such as "th e"."""
    return dict(zip(_merges(), range(_MERGES), strict=True))


def _merges() -> list[str]:
    # Located without importing the package.
    spec = importlib.util.find_spec("open_clip")
    try:
        folder = Path(((spec and spec.submodule_search_locations) or [])[0])
        lines = _first_lines((folder / _FILE).read_bytes())
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise ModelError(
            tr("The libraries for CLIP models cannot be loaded: {reason}.", reason=error)
        ) from error
    return lines[1 : 1 + _MERGES]  # the first line is a header


def _first_lines(packed: bytes) -> list[str]:
    """Return the lines that CLIP uses, and the rest as one more.

    The file has five times as many lines; reading them all takes 40 ms.

    Raises:
        EOFError: There are fewer lines.
        ValueError, zlib.error: The data is not gzipped text.
    """
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = reader.decompress(packed, _ENOUGH)
    lines = text[: text.rfind(b"\n")].decode().split("\n", 1 + _MERGES)
    if len(lines) <= 1 + _MERGES:
        raise EOFError(_FILE)
    return lines


@cache
def _signs_of_bytes() -> dict[int, str]:
    """Return a printable symbol for each byte, in the order of the vocabulary.

    Bytes that are printable in Latin-1 stand for themselves and come first.
    """
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    others = [byte for byte in range(256) if byte not in set(printable)]
    signs = {byte: chr(byte) for byte in printable}
    return signs | {byte: chr(256 + number) for number, byte in enumerate(others)}
