"""Cleaning of a page's text for searching."""

import re

MAX_TEXT = 200_000
"""Characters kept of one page.

A dense page of a book has 5,000. A page that exceeds the limit is a log or a table dump, and its rest would only
enlarge the library.
"""

_CJK = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]"
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
# Control characters, soft hyphens, and unpaired surrogates, which cannot be encoded as UTF-8 for the database.
_NOISE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\ufffe\uffff\ud800-\udfff]")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010]\n(?=[^\W\d_A-ZÀ-ÖØ-Þ])")
_BROKEN_CJK = re.compile(rf"(?<={_CJK})\n(?={_CJK})")


def clean_text(text: str) -> str:
    """Return the text as one line of at most ``MAX_TEXT`` characters.

    Ligatures are spelt out, and runs of white space become one space. Words hyphenated at line ends are joined, unless
    the next line begins with a capital letter. Chinese and Japanese text is joined across lines without a space.
    """
    text = _NOISE.sub("", text[: 2 * MAX_TEXT].translate(_LIGATURES))
    lines = (" ".join(line.split()) for line in text.splitlines())
    text = "\n".join(line for line in lines if line)
    return _BROKEN_CJK.sub("", _HYPHENATED.sub("", text)).replace("\n", " ")[:MAX_TEXT]
