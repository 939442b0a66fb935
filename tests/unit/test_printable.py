"""Tests of the escaping of names for terminals and logs."""

import logging
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from imagefinder.printable import PrintableFormatter, printable


@given(st.text(st.characters(categories=None)))
def test_whatever_a_text_holds_it_neither_steers_a_terminal_nor_ends_a_line(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)
    assert not set(shown) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()


def test_a_name_in_a_log_starts_no_line_of_its_own_and_a_traceback_keeps_its_own() -> None:
    try:
        raise ValueError("x")
    except ValueError as error:
        found = (type(error), error, error.__traceback__)
    record = logging.LogRecord(
        "imagefinder", logging.WARNING, "", 0, "read %s", ("a\n2024 ERROR\x1b[31m",), found
    )
    first, *rest = PrintableFormatter("%(levelname)s %(message)s").format(record).split("\n")
    assert first == "WARNING read a\\n2024 ERROR\\x1b[31m"
    assert rest[0].startswith("Traceback")
    assert len(rest) > 2
