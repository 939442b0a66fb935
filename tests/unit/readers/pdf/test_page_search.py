"""Search for phrases on a page."""

import unicodedata
from pathlib import Path

import pytest
from helpers.fakes import pdf

from imagefinder.readers.pdf.page_search import PageSearch
from imagefinder.readers.pdf.pdf_reader import PdfReader


def _page(*lines: str) -> PageSearch:
    """Make a page of lines with characters 10 wide and 10 high."""
    return PageSearch(
        [
            (character, (at * 10.0, number * 20.0, at * 10 + 10.0, number * 20 + 10.0))
            for at, character in enumerate(line)
        ]
        for number, line in enumerate(lines)
    )


@pytest.mark.parametrize(
    ("line", "phrase", "left", "right"),
    [
        ("The Müllerhof", "müllerhof", 40, 130),
        ("The Müllerhof", "MU\u0308LLERHOF", 40, 130),
        ("a Mu\u0308llerhof", "Müllerhof", 20, 120),
        ("auf dem Großglockner", "GROSSGLOCKNER", 80, 200),
        ("ΑΘΉΝΑΣ", "αθήνας", 0, 60),
        ("番号１２３４５。", "12345", 20, 70),
        ("ｶﾞﾗｽ", "ガラス", 0, 40),
        ("7 ㎏ flour", "kg", 20, 30),
        (unicodedata.normalize("NFD", "이 학점"), "학점", 30, 90),
        ("soft\u00adhyphen", "softhyphen", 0, 110),
        ("a  wide   gap", "gap", 100, 130),
    ],
)
def test_a_phrase_is_found_in_any_form(line: str, phrase: str, left: float, right: float) -> None:
    assert _page(line).find(phrase) == [(left, 0.0, right, 10.0)]


def test_other_accents_are_found_only_where_the_phrase_does_not_stand_as_it_is() -> None:
    assert _page("Bär, bar").find("bar") == [(50.0, 0.0, 80.0, 10.0)]
    assert _page("Bär").find("bar") == _page("Bar").find("bär") == [(0.0, 0.0, 30.0, 10.0)]


def test_a_phrase_over_the_end_of_a_line_has_a_box_on_each() -> None:
    for before, after, phrase in (
        ("exam-", "ple", "example"),
        ("北", "京", "北京"),
        ("two", "words", "two words"),
    ):
        assert [box[1] for box in _page(before, after).find(phrase)] == [0.0, 20.0]
    assert _page("one", "two").find("onetwo") == []
    assert _page("Baden-", "Baden").find("badenbaden") == []


def test_nothing_is_found_of_nothing() -> None:
    assert _page().find("a") == _page("a").find("") == _page("", "b").find("a") == []


@pytest.mark.parametrize("phrase", ["Großglockner", "GROSSGLOCKNER", "grossglöckner", "glockner"])
def test_the_words_of_a_pdf_are_marked_in_any_form(tmp_path: Path, phrase: str) -> None:
    with PdfReader().open(pdf(tmp_path / "a.pdf", ["first page", "Der Großglockner"])) as media:
        assert media.find(1, phrase) == []
        (mark,) = media.find(2, phrase)
    assert 0 < mark.left < mark.right < 1
    assert 0 < mark.top < mark.bottom < 1
