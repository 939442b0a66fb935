"""Tests of the painting of source rows, compared pixel by pixel."""

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, indexing, tell_job, tell_library
from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics, QImage
from pytestqt.qtbot import QtBot
from ui.library.test_library_panel import FakeDesktop

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.sources import SourceStatus
from imagefinder.ui.library.library_panel import LibraryPanel
from imagefinder.ui.library.source_delegate import RowLayout, _small

_STATES: dict[str, tuple[SourceStatus, JobStatus]] = {
    "complete": (a_source(HOLIDAY, 20_000), JobStatus()),
    "pending": (a_source(HOLIDAY, 1440, pending=18_560), JobStatus()),
    "pending and unreadable": (a_source(HOLIDAY, 1440, 3, pending=18_560), JobStatus()),
    "at work": (a_source(HOLIDAY, 1440, pending=18_560), indexing(HOLIDAY)),
    "at work with others": (
        a_source(HOLIDAY, 1440, pending=18_560),
        indexing(HOLIDAY, sources=(HOLIDAY, SCANS)),
    ),
    "paused": (a_source(HOLIDAY, 1440, pending=18_560), indexing(HOLIDAY, state=JobState.PAUSED)),
    "not walked": (a_source(HOLIDAY, 0, scan_complete=False, minutes_ago=None), JobStatus()),
    "gone": (a_source(HOLIDAY, 1440, gone=True), JobStatus()),
    "offline": (a_source(HOLIDAY, 1440, offline=True), JobStatus()),
}


def _panel(qtbot: QtBot, client: FakeClient, state: str, width: int = 288) -> LibraryPanel:
    panel = LibraryPanel(client, FakeDesktop())  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.resize(width, 600)
    panel.show()
    _tell(client, state)
    return panel


def _tell(client: FakeClient, state: str) -> None:
    source, job = _STATES[state]
    tell_library(client, source, a_source(SCANS))
    tell_job(client, job)


def _painted(qtbot: QtBot, panel: LibraryPanel) -> QImage:
    qtbot.waitUntil(lambda: panel.list.visualRect(panel.model.index(1)).height() > 40)
    panel.list.doItemsLayout()
    # Only the rows: the job bar below them may be visible or hidden.
    rows = panel.list.visualRect(panel.model.index(0)).united(panel.list.visualRect(panel.model.index(1)))
    return panel.list.viewport().grab(rows).toImage()


def _layout(panel: LibraryPanel) -> RowLayout:
    index = panel.model.index(0)
    return panel.list._delegate.layout(panel.list._option(index), index)


def _has_link(image: QImage, area: QRect) -> bool:
    """Whether an area contains pixels in the colour of links."""
    inside = area.intersected(image.rect())
    colours = (
        image.pixelColor(x, y)
        for x in range(inside.left(), inside.right() + 1)
        for y in range(inside.top(), inside.bottom() + 1)
    )
    return any(colour.blue() > colour.red() + 100 for colour in colours)


@pytest.mark.parametrize("state", _STATES)
def test_a_row_that_was_in_every_other_state_looks_like_one_that_was_not(
    qtbot: QtBot, client: FakeClient, state: str
) -> None:
    fresh = _painted(qtbot, _panel(qtbot, client, state))
    other = FakeClient()
    panel = _panel(qtbot, other, state)
    for before in _STATES:
        _tell(other, before)
        _painted(qtbot, panel)
        _tell(other, state)
        assert _painted(qtbot, panel) == fresh, before


def test_states_do_not_look_alike(qtbot: QtBot, client: FakeClient) -> None:
    panel = _panel(qtbot, client, "complete")
    seen: list[QImage] = []
    for state in _STATES:
        _tell(client, state)
        image = _painted(qtbot, panel)
        assert image not in seen, state
        seen.append(image)


@pytest.mark.parametrize("width", [216, 240, 288, 420])
@pytest.mark.parametrize("state", ["pending", "pending and unreadable", "not walked", "gone"])
def test_the_link_is_painted_where_it_can_be_clicked_and_over_nothing_else(
    qtbot: QtBot, client: FakeClient, state: str, width: int
) -> None:
    panel = _panel(qtbot, client, state, width)
    image, row = _painted(qtbot, panel), _layout(panel)
    assert row.action is not None
    assert _has_link(image, row.action)
    assert panel.list.visualRect(panel.model.index(0)).contains(row.action)
    for area, words in row.lines:
        wide = QFontMetrics(_small(panel.list.font())).horizontalAdvance(words)
        is_beside = area.top() == row.action.top()
        written = QRect(area.left(), area.top(), wide, area.height()) if is_beside else area
        assert not written.intersects(row.action), words
        assert not _has_link(image, written), words
    assert row.link is None or not row.link.intersects(row.action)


def test_without_anything_to_do_no_link_is_painted(qtbot: QtBot, client: FakeClient) -> None:
    panel = _panel(qtbot, client, "complete")
    image = _painted(qtbot, panel)
    assert _layout(panel).action is None
    assert not _has_link(image, image.rect())
