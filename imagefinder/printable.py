"""Text from elsewhere (file names, mostly) made harmless for a terminal and for a log."""

import logging
import unicodedata

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They change the direction of text: "gpj.exe" can be shown as "exe.jpg"."""


def printable(text: str) -> str:
    """Text in which no character moves the cursor, starts a line or turns its direction: those show as escapes."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in _CONTROLS and character not in _TURNING
        else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    # A byte of a file name that is no text stands as a surrogate (PEP 383).
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


class PrintableFormatter(logging.Formatter):
    """Formats log records so that a name in them can neither start a line of its own nor steer a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """See ``logging.Formatter``; what follows it, such as a traceback, stays as it is."""
        record.message = printable(record.message)
        return super().formatMessage(record)
