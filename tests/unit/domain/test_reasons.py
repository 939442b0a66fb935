"""Tests of reasons why files cannot be read: codes with parameters, put into words when shown."""

import pickle
import string
from collections.abc import Iterator
from itertools import pairwise

import pytest

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import _WORDS, Reason, ReasonCode
from imagefinder.translation import LANGUAGES, use_language

TOO_LARGE = Reason(ReasonCode.TOO_LARGE, {"width": 30000, "height": 20000, "megapixels": 600, "limit": 500})


@pytest.fixture(autouse=True)
def _english_afterwards() -> Iterator[None]:
    yield
    use_language("en")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", [*ReasonCode, "of_a_newer_version"])
def test_every_code_is_worded_whatever_parameters_are_missing(code: str, language: str) -> None:
    use_language(language)
    for reason in (
        Reason(code),
        Reason(code, {"nobody": "knows {me}"}),
        Reason(code, {"page": 2, "listing": 1}),
    ):
        said = str(reason)
        assert said
        assert not set("{}") & set(said)
        assert said.isascii() == (language == "en" or reason == Reason(ReasonCode.OTHER) or said == "?")


def test_every_code_has_words_of_its_own() -> None:
    assert set(_WORDS) == set(ReasonCode)
    assert len({str(Reason(code)) for code in ReasonCode}) == len(ReasonCode)


def test_as_much_is_said_as_is_known() -> None:
    assert str(TOO_LARGE) == "too large: 30000 x 20000 pixels (600 megapixels; the limit is 500)"
    known = dict(TOO_LARGE.parameters)
    del known["width"]
    assert str(Reason(TOO_LARGE.code, known)) == "too large (600 megapixels; the limit is 500 megapixels)"
    assert str(Reason(TOO_LARGE.code, {"limit": 500})) == "too large (the limit is 500 megapixels)"


def test_wordings_with_more_parameters_come_first() -> None:
    for wordings in _WORDS.values():
        names = [
            {name for _, name, _, _ in string.Formatter().parse(wording) if name is not None}
            for wording in wordings
        ]
        assert all(not earlier <= later for earlier, later in pairwise(names))


def test_a_page_and_a_folder_stand_before_the_reason() -> None:
    assert (
        str(Reason(ReasonCode.PASSWORD).having(page=3)) == "page 3: encrypted: it opens only with a password"
    )
    assert (
        str(Reason(ReasonCode.NOT_FOUND).having(listing=1))
        == "the folder cannot be listed: it is no longer there"
    )


def test_a_reason_follows_the_language_and_is_english_for_programs() -> None:
    reason = Reason(ReasonCode.NO_SUCH_PAGE, {"number": 7, "count": 3})
    english = str(reason)
    assert english == "it has no page 7 (it has 3)"
    use_language("zh_CN")
    assert str(reason) == "它没有第 7 页（共 3 页）"
    assert reason.in_english() == english


def test_an_error_says_its_reason_and_survives_pickling() -> None:
    error = PassingError(ReasonCode.TOO_LARGE_NOW, megabytes=2100)
    for each in (error, pickle.loads(pickle.dumps(error))):
        assert isinstance(each, PassingError)
        assert each.reason == Reason("too_large_now", {"megabytes": 2100})
        assert str(each) == str(each.reason)
    assert UnreadableError(TOO_LARGE).reason is TOO_LARGE
