import pytest

from imagefinder.cli.terminal import Terminal, printable, summary
from imagefinder.domain.items import ItemKind
from imagefinder.domain.jobs import IndexReport, passed_over_text
from imagefinder.domain.queries import Hit, SearchResult


@pytest.mark.parametrize(
    ("score", "relevance", "shown"),
    [
        (0.3142, 0.924, " 92 %   0.314  /p/a.jpg"),
        (0.3142, 0.9999, "100 %   0.314  /p/a.jpg"),
        (-0.05, 0.001, "  0 %  -0.050  /p/a.jpg"),
        (0.0, 1.0, "100 %       -  /p/a.jpg"),
        (0.3142, None, " 0.314  /p/a.jpg"),
        (0.0, None, "     -  /p/a.jpg"),
    ],
)
def test_a_hit_is_a_line_of_relevance_cosine_and_file(
    score: float, relevance: float | None, shown: str, capfd: pytest.CaptureFixture[str]
) -> None:
    hit = Hit(1, "/p/a.jpg", 1, 1, score, ItemKind.PICTURE, relevance=relevance)
    terminal = Terminal()
    terminal.hits(SearchResult((hit,), "starter", 1.0))
    terminal.close()
    assert capfd.readouterr().out == shown + "\n"


@pytest.mark.parametrize("text", ["plain.png", "日本 \U0001f600", "é", "a b"])
def test_ordinary_names_are_shown_as_they_are(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\nb"),
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b1m", "\\x9b1m"),
        ("\udcff.png", "\\xff.png"),
        ("\x7f", "\\x7f"),
    ],
)
def test_what_would_move_the_cursor_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_summary_says_what_happened_and_nothing_else() -> None:
    assert summary(IndexReport(indexed=2, items=2, unchanged=1), 1.25) == "2 indexed, 1 unchanged - 1.2 s"
    assert summary(IndexReport(), 0) == "no pictures or PDFs found - 0.0 s"


def test_a_summary_counts_pages_where_there_are_more_than_files() -> None:
    assert summary(IndexReport(indexed=2, items=31), 0).startswith("2 indexed (31 pictures and pages)")


def test_a_summary_says_where_to_read_on_about_unreadable_files() -> None:
    assert "1 unreadable (see: imagefinder status)" in summary(IndexReport(unreadable=1), 0)


def test_a_job_that_was_stopped_before_it_found_anything_does_not_say_that_there_is_nothing() -> None:
    assert summary(IndexReport(cancelled=True), 0) == "nothing new indexed - 0.0 s"


@pytest.mark.parametrize(
    ("passed_over", "said"),
    [
        ({}, ""),
        ({"mov": 1}, "1 file of a kind that is not read was passed over: 1 .mov."),
        (
            {"txt": 3, "mov": 7, "raf": 2},
            "12 files of kinds that are not read were passed over: 7 .mov, 3 .txt, 2 .raf.",
        ),
        (
            {"": 1, "mov": 1200},
            "1201 files of kinds that are not read were passed over: 1,200 .mov, 1 other.",
        ),
        (
            dict.fromkeys("abcdefgh", 2),
            "16 files of kinds that are not read were passed over: 2 .a, 2 .b, 2 .c, 2 .d, 2 .e, 2 .f, 4 others.",
        ),
    ],
)
def test_what_was_passed_over_is_said_by_kind(passed_over: dict[str, int], said: str) -> None:
    assert passed_over_text(passed_over) == said
