"""Tests of online-only files in the window: status, reading after confirmation, and preview."""

from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, tell_library
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import IndexReport
from imagefinder.ipc.messages import Rescan, ResumeJobs
from imagefinder.ui.library.job_text import report_line
from imagefinder.ui.library.library_panel import LibraryPanel
from imagefinder.ui.library.source_status import RowAction
from imagefinder.ui.library.sources_model import SourceRole
from imagefinder.ui.services.desktop import Desktop


@pytest.fixture
def panel(qtbot: QtBot, client: FakeClient) -> LibraryPanel:
    made = LibraryPanel(client, Desktop())
    qtbot.addWidget(made)
    made.resize(288, 600)
    made.show()
    return made


def _words(panel: LibraryPanel, row: int = 0) -> str:
    return " · ".join(panel.model.index(row).data(SourceRole.STATE).words)


def _click_link(qtbot: QtBot, panel: LibraryPanel, row: int) -> None:
    view, index = panel.list, panel.model.index(row)
    qtbot.waitUntil(lambda: view.visualRect(index).height() > 40)
    option = QStyleOptionViewItem()
    view.initViewItemOption(option)
    option.rect = view.visualRect(index)
    link = view.itemDelegate().layout(option, index).action
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=link.center())


def _choose(panel: LibraryPanel, row: int, begins: str) -> None:
    menu = panel.menu_for(panel.model.source(row))
    next(each for each in menu.actions() if each.text().startswith(begins)).trigger()
    menu.close()


def test_they_are_read_only_after_a_question(qtbot: QtBot, client: FakeClient, panel: LibraryPanel) -> None:
    tell_library(client, a_source(SCANS), a_source(HOLIDAY, in_the_cloud=1234))
    assert "cloud" not in _words(panel, 0)
    assert _words(panel, 1).endswith("1,234 in the cloud")
    _click_link(qtbot, panel, 1)
    assert panel.cloud_download_bar.isVisible()
    qtbot.keyClick(panel.cloud_download_bar, Qt.Key.Key_Return)  # as if a key were pressed twice
    assert not panel.cloud_download_bar.isVisible()
    assert client.sent == []
    _choose(panel, 1, "Download 1,234 ")
    assert panel.cloud_download_bar.paths == (HOLIDAY,)
    qtbot.mouseClick(panel.cloud_download_bar._yes, Qt.MouseButton.LeftButton)
    assert client.sent == [Rescan((HOLIDAY,), download=True)]


def test_reading_them_goes_on_where_the_work_was_paused(
    qtbot: QtBot, client: FakeClient, panel: LibraryPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(client), "is_paused", True)
    tell_library(client, a_source(HOLIDAY, in_the_cloud=1))
    _click_link(qtbot, panel, 0)
    qtbot.mouseClick(panel.cloud_download_bar._yes, Qt.MouseButton.LeftButton)
    assert client.sent == [ResumeJobs(), Rescan((HOLIDAY,), download=True)]


def test_to_go_on_comes_before_them(client: FakeClient, panel: LibraryPanel) -> None:
    tell_library(client, a_source(HOLIDAY, pending=5, in_the_cloud=7))
    assert panel.model.offers(HOLIDAY, RowAction.CONTINUE)
    assert "7 in the cloud" in _words(panel)


def test_of_several_sources_only_those_that_have_any_are_asked_about(
    client: FakeClient, panel: LibraryPanel
) -> None:
    tell_library(client, a_source(HOLIDAY, in_the_cloud=2), a_source(SCANS))
    panel.list.selectAll()
    _choose(panel, 1, "Download 2 ")
    assert panel.cloud_download_bar.paths == (HOLIDAY,)
    tell_library(client, a_source(SCANS))
    assert not panel.cloud_download_bar.isVisible()


def test_one_question_at_a_time(client: FakeClient, panel: LibraryPanel) -> None:
    tell_library(client, a_source(HOLIDAY, in_the_cloud=2))
    _choose(panel, 0, "Download 2 ")
    _choose(panel, 0, "Remove from library")
    assert (panel.cloud_download_bar.isVisible(), panel.remove_bar.isVisible()) == (False, True)
    _choose(panel, 0, "Download 2 ")
    assert (panel.cloud_download_bar.isVisible(), panel.remove_bar.isVisible()) == (True, False)


def test_an_away_source_says_nothing_of_them(client: FakeClient, panel: LibraryPanel) -> None:
    tell_library(client, a_source(Path("/usb"), offline=True, in_the_cloud=3))
    assert "cloud" not in _words(panel)


@pytest.mark.parametrize(
    ("report", "line"),
    [
        (IndexReport(unchanged=3), "Up to date"),
        (IndexReport(unchanged=3, in_the_cloud=1200), "Up to date, 1,200 in the cloud"),
        (IndexReport(indexed=3, in_the_cloud=2, unreadable=1), "3 indexed, 2 in the cloud, 1 can't be read"),
        (IndexReport(in_the_cloud=2, stand_ins=1), "Up to date, 2 in the cloud"),
        (IndexReport(in_the_cloud=2, stand_ins=2), "Up to date, 2 to download in your cloud app"),
    ],
)
def test_a_job_says_what_it_left_in_the_cloud(report: IndexReport, line: str) -> None:
    assert report_line(report) == line
