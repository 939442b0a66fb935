"""Tests that file names that look like HTML are shown literally."""

from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.sources import Source, SourceKind, SourceStatus
from imagefinder.ipc.messages import JobChanged, LibraryChanged
from imagefinder.ui.formatting import tooltip
from imagefinder.ui.library.job_bar import JobBar
from imagefinder.ui.library.remove_source_bar import RemoveSourceBar
from imagefinder.ui.library.sources_model import SourcesModel
from imagefinder.ui.preview.preview_bars import ProblemLine
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.widgets.labels import ElidedLabel, SecondaryLabel

NAME = "<b>a & b</b> &lt;.jpg"
PATH = Path("/pictures") / NAME.replace("/", "∕")


def seen(tip: object) -> str:
    """Return the text that Qt shows for a tooltip, which it renders as HTML if it looks like it."""
    assert isinstance(tip, str)
    if "<" not in tip and "&lt;" not in tip:
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


@pytest.mark.parametrize("text", ["plain.jpg", "/a/<b>x</b>.jpg\nnext line", "a &amp; b", "<img src=x>"])
def test_a_tooltip_shows_what_is_given(qtbot: QtBot, text: str) -> None:
    assert seen(tooltip(text)) == text


def test_results_and_sources_show_the_names_they_have(
    qtbot: QtBot, client: FakeClient, hits: MakeHits
) -> None:
    results = ResultsModel()
    results.reset([hits(1)[0]._replace(file=str(PATH))], has_more=False)
    assert seen(results.index(0).data(Qt.ItemDataRole.ToolTipRole)).startswith(str(PATH))
    status = SourceStatus(Source(1, PATH, SourceKind.FILE, scanned_at=1.0), 1, 1, 0, 0)
    client.library = LibraryChanged(LibraryStatus(Path("/l"), "m", (status,), 1, {}, ()), 1)
    sources = SourcesModel(client)
    assert seen(sources.index(0).data(Qt.ItemDataRole.ToolTipRole)).startswith(str(PATH))


def test_no_line_takes_a_name_for_html(qtbot: QtBot, client: FakeClient) -> None:
    forget = RemoveSourceBar()
    forget.ask(Source(1, PATH, SourceKind.FILE))
    problem = ProblemLine()
    problem.say(NAME)
    client.job = JobChanged(JobStatus(JobState.RUNNING, sources=(PATH,), error=NAME))
    bar = JobBar(client)
    for widget in (forget, problem, bar, SecondaryLabel(NAME), ElidedLabel(NAME)):
        qtbot.addWidget(widget)
        labels = [widget] if isinstance(widget, QLabel) else widget.findChildren(QLabel)
        assert [
            label.text()
            for label in labels
            if label.textFormat() is not Qt.TextFormat.PlainText and "<" in label.text()
        ] == []
        assert any("<b>" in label.text() for label in labels)
