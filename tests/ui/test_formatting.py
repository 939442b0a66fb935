"""Tests of the formatting of numbers, times and other values."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale

from imagefinder.ui.formatting import grouped, path_text, per_second, short_name, time_ago, time_left


@pytest.fixture(autouse=True)
def _a_locale_of_its_own() -> Iterator[None]:
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.mark.parametrize(("name", "said"), [("en_US", "1,204"), ("de_DE", "1.204"), ("C", "1,204")])
def test_thousands_are_told_apart_as_the_user_does(name: str, said: str) -> None:
    QLocale.setDefault(QLocale(name))
    assert grouped(1204) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "a few seconds left"),
        (9.9, "a few seconds left"),
        (12, "about 10 s left"),
        (54, "about 50 s left"),
        (56, "about 1 min left"),
        (100, "about 2 min left"),
        (3590, "about 1 h left"),
        (8000, "about 2 h 10 min left"),
        (40 * 3600, "about 40 h left"),
    ],
)
def test_time_left_is_as_coarse_as_the_guess(seconds: float, said: str) -> None:
    assert time_left(seconds) == said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (-100, "just now"),
        (59, "just now"),
        (61, "1 minute ago"),
        (300, "5 minutes ago"),
        (3 * 3600, "3 hours ago"),
        (3 * 86400, "3 days ago"),
    ],
)
def test_the_past_in_words(passed: float, said: str) -> None:
    assert time_ago(1_700_000_000 - passed, 1_700_000_000) == said


def test_what_is_long_past_has_a_date() -> None:
    QLocale.setDefault(QLocale("en_US"))
    assert time_ago(1_600_000_000, 1_700_000_000) == "on 9/13/20"


def test_a_slow_machine_is_told_a_rate_above_nothing() -> None:
    QLocale.setDefault(QLocale("en_US"))
    assert (per_second(0.01), per_second(2.44), per_second(1234.5)) == ("0.1", "2.4", "1,234")


def test_a_drive_is_named_by_its_path() -> None:
    assert short_name(Path("/")) == "/"
    assert short_name(Path("/photos/line\nbreak.png")) == "line break.png"


def test_paths_that_are_no_text_can_be_copied() -> None:
    path_text(Path("/caf\udce9")).encode("utf-8")
