"""Escaping of untrusted text, mostly file names, for terminals and logs."""

import logging
import unicodedata

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that change the direction of text. They can make "gpj.exe" appear as "exe.jpg"."""


def printable(text: str) -> str:
    """Return text with escapes for all characters that move the cursor, start a line or change text direction."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if unicodedata.category(character) not in _CONTROLS and character not in _TURNING
        else _escaped(character)
        for character in text
    )


def _escaped(character: str) -> str:
    # Undecodable bytes of file names are lone surrogates (PEP 383).
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


class PrintableFormatter(logging.Formatter):
    """Log formatter that escapes messages, so a file name in them cannot start a line or control the terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - name given by logging
        """See ``logging.Formatter``. Text appended after the message, for example a traceback, is not escaped."""
        record.message = printable(record.message)
        return super().formatMessage(record)
