"""Tests of the status of a model switch."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, a_source, indexing, library_of, tell_job
from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState, JobStatus, Phase, Progress
from imagefinder.domain.library import ModelChange
from imagefinder.ipc.messages import Done, Failed, Rescan, UseModel
from imagefinder.ui.library.job_bar import JobBar
from imagefinder.ui.library.library_panel import LibraryPanel
from imagefinder.ui.library.model_switch_status import ModelSwitchStatus

NEW = "ViT-B-32-256/datacomp_s34b_b86k"


@pytest.fixture
def line(qtbot: QtBot, client: FakeClient) -> Iterator[ModelSwitchStatus]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    made = ModelSwitchStatus(client)
    qtbot.addWidget(made)
    made.notices = []
    made.notice.connect(made.notices.append)
    made.problems = []
    made.problem.connect(made.problems.append)
    yield made
    QLocale.setDefault(before)


def tell(
    client: FakeClient, change: ModelChange | None, model: str = "starter", folder: str = "/library"
) -> None:
    library = library_of(a_source(HOLIDAY, 5310))
    status = replace(library.status, model=model, change=change, folder=Path(folder))
    client.library = replace(library, status=status)
    client.library_changed.emit(client.library)


def notices(line: ModelSwitchStatus) -> list[str]:
    return line.notices


def button(line: ModelSwitchStatus) -> QPushButton:
    found = line.findChild(QPushButton)
    assert found is not None
    return found


def test_no_change_needs_no_line(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, None)
    assert line.text() == ""
    assert line.isHidden()


def test_a_change_tells_how_far_it_is_and_who_answers(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 1204, 5310))
    tell_job(client, indexing(HOLIDAY))
    assert line.text().splitlines() == [
        "Switching to ViT-B-32-256",
        "1,204 of 5,310 indexed. Searches still use Starter model.",
    ]
    assert line.action == ""
    assert NEW in line._title.toolTip()
    assert (line._bar.value(), line._bar.maximum()) == (1204, 5310)


def test_what_waits_for_drives_alone_can_be_had_now(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 5298, 5310, unreachable=12))
    assert "12" in line.text()
    assert "can't be read now" in line.text()
    assert line.action == "Switch now"
    button(line).click()
    sent = client.last(UseModel)
    assert (sent.name, sent.now) == (NEW, True)
    assert not button(line).isEnabled()
    client.hear(Failed(sent.request_id, "The disk is full."))
    assert line.problems == ["The disk is full."]
    assert button(line).isEnabled()


def test_a_change_that_is_done_is_told_once(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 5298, 5310, unreachable=12))
    button(line).click()
    tell(client, None, model=NEW)
    client.hear(Done(client.last(UseModel).request_id, "said by the engine"))
    tell(client, None, model=NEW)
    assert notices(line) == [f"This library now uses {NEW}."]
    assert line.isHidden()


def test_a_change_that_is_called_off_is_no_change(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 4, 5310))
    tell(client, None, model="starter")
    assert notices(line) == []


def test_another_library_with_that_model_is_no_change(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 4, 5310))
    tell(client, None, model=NEW, folder="/other")
    assert notices(line) == []


def test_a_change_whose_work_was_stopped_can_go_on(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 4, 5310, unreachable=3))
    tell_job(client, JobStatus(JobState.IDLE))
    assert line.action == "Resume indexing"
    button(line).click()
    assert client.last(Rescan) == Rescan()


def test_a_library_without_pictures_has_no_bar_that_runs(line: ModelSwitchStatus, client: FakeClient) -> None:
    tell(client, ModelChange(NEW, 0, 0))
    assert line._bar.maximum() > 0


def test_the_job_says_which_model_it_indexes_with_and_has_no_second_bar(
    qtbot: QtBot, line: ModelSwitchStatus, client: FakeClient
) -> None:
    bar = JobBar(client)
    qtbot.addWidget(bar)
    tell(client, ModelChange(NEW, 1204, 5310))
    tell_job(client, indexing(HOLIDAY, progress=Progress(Phase.EMBEDDING, 1190, 4101, model=NEW)))
    assert bar.text().startswith("Indexing 1,190 of 4,101 with ViT-B-32-256")
    assert not bar._bar.isVisibleTo(bar)
    tell_job(client, indexing(HOLIDAY, progress=Progress(Phase.LOADING_MODEL, 0, None, model=NEW)))
    assert bar.text().startswith("Loading ViT-B-32-256")
    tell_job(client, indexing(HOLIDAY))
    assert bar._bar.isVisibleTo(bar)


def test_the_panel_passes_on_what_is_new(qtbot: QtBot, line: ModelSwitchStatus, client: FakeClient) -> None:
    from imagefinder.ui.services.desktop import Desktop

    desktop = Desktop()
    panel = LibraryPanel(client, desktop)
    qtbot.addWidget(panel)
    tell(client, ModelChange(NEW, 4, 5310))
    assert "Switching to" in panel.switch_status.text()
    assert panel._coverage.isHidden()
    with qtbot.waitSignal(panel.notice):
        tell(client, None, model=NEW)
    desktop.close()
    desktop.deleteLater()
