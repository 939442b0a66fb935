"""Cleaning of a page's text for searching."""

import pytest

from imagefinder.readers.pdf.page_text import MAX_TEXT, clean_text


@pytest.mark.parametrize(
    ("drawn", "read"),
    [
        ("two  words\n\n\tand\u00a0a third ", "two words and a third"),
        ("the e\ufb03cient \ufb01sh o\ufb00ers", "the efficient fish offers"),
        ("an inter-\nnational word", "an international word"),
        ("soft\u00adhyphen, soft\u00ad\nbreak", "softhyphen, soft break"),
        ("Größen\u2010\nänderung", "Größenänderung"),
        ("well-known, 1990-\n1995, Anglo-\nAmerican", "well-known, 1990- 1995, Anglo- American"),
        ("图片搜索引\n擎 很好用。\nEnglish", "图片搜索引擎 很好用。 English"),
        ("日本語のテキ\nスト", "日本語のテキスト"),
        ("한국어는\n띄어 쓴다", "한국어는 띄어 쓴다"),
        ("nul\0l and half \ud800a pair", "null and half a pair"),
        ("", ""),
    ],
)
def test_text_is_cleaned(drawn: str, read: str) -> None:
    assert clean_text(drawn) == read


def test_text_beyond_the_bound_is_cut() -> None:
    assert len(clean_text("word " * MAX_TEXT)) == MAX_TEXT


def test_a_desert_of_line_ends_is_no_trap() -> None:
    assert clean_text("a-" + "\n \n" * 100_000 + "b") == "ab"
    assert clean_text("图" + " \n" * MAX_TEXT) == "图"


def test_text_can_always_be_stored_as_utf_8() -> None:
    clean_text("".join(map(chr, range(0x11000)))).encode()
