"""Tests of the job bar."""

from collections.abc import Iterator

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, indexing, tell_job, tell_library
from PySide6.QtCore import QLocale, Qt
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, Progress
from imagefinder.ipc.messages import CancelJobs, PauseJobs, ResumeJobs
from imagefinder.ui.library.job_bar import JobBar


@pytest.fixture
def bar(qtbot: QtBot, client: FakeClient) -> Iterator[JobBar]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    made = JobBar(client)
    qtbot.addWidget(made)
    tell_library(client, a_source(HOLIDAY))
    yield made
    QLocale.setDefault(before)


def test_an_empty_library_needs_no_line(qtbot: QtBot, client: FakeClient) -> None:
    bar = JobBar(client)
    qtbot.addWidget(bar)
    assert bar.isHidden()


def test_before_anybody_has_looked_nothing_is_claimed(bar: JobBar) -> None:
    assert bar.text() == ""
    assert not bar.isVisibleTo(bar.parentWidget())  # type: ignore[arg-type]


def test_at_rest_it_is_up_to_date_and_offers_no_button(bar: JobBar, client: FakeClient) -> None:
    tell_job(client, JobStatus(report=IndexReport(unchanged=3)))
    assert bar.text() == "Up to date"
    assert not bar._pause.isVisibleTo(bar)
    assert not bar._cancel.isVisibleTo(bar)
    assert not bar._bar.isVisibleTo(bar)


def test_a_job_tells_how_far_how_fast_and_how_long(bar: JobBar, client: FakeClient) -> None:
    tell_job(client, indexing(HOLIDAY, rate=21.3, seconds_left=42.0, waiting=(SCANS,)))
    assert bar.text() == "Indexing 312 of 1,204\n21 per second · about 40 s left"
    assert (bar._bar.value(), bar._bar.maximum()) == (312, 1204)


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase.SCANNING, "Scanning 3,120 files…"),
        (Phase.LOADING_MODEL, "Loading the model…"),
        (Phase.BUILDING_INDEX, "Building the index…"),
    ],
)
def test_every_phase_has_its_words_and_no_bar_without_an_end(
    bar: JobBar, client: FakeClient, phase: Phase, said: str
) -> None:
    tell_job(client, indexing(HOLIDAY, progress=Progress(phase, 3120, None)))
    assert bar.text().startswith(said)
    assert not bar._bar.isVisibleTo(bar)


def test_one_button_pauses_and_resumes(qtbot: QtBot, bar: JobBar, client: FakeClient) -> None:
    tell_job(client, indexing(HOLIDAY))
    assert bar._pause.accessibleName() == "Pause indexing"
    qtbot.mouseClick(bar._pause, Qt.MouseButton.LeftButton)
    assert client.sent == [PauseJobs()]
    tell_job(client, indexing(HOLIDAY, state=JobState.PAUSED))
    assert bar.text().startswith("Paused at 312 of 1,204")
    assert bar._pause.accessibleName() == "Resume indexing"
    qtbot.mouseClick(bar._pause, Qt.MouseButton.LeftButton)
    assert client.sent == [PauseJobs(), ResumeJobs()]


def test_paused_with_nothing_to_do_there_is_nothing_to_stop(bar: JobBar, client: FakeClient) -> None:
    tell_job(client, JobStatus(JobState.PAUSED))
    assert bar.text() == "Paused"
    assert bar._pause.isVisibleTo(bar)
    assert not bar._cancel.isVisibleTo(bar)


def test_a_job_can_be_stopped(qtbot: QtBot, bar: JobBar, client: FakeClient) -> None:
    tell_job(client, indexing(HOLIDAY))
    qtbot.mouseClick(bar._cancel, Qt.MouseButton.LeftButton)
    assert client.sent == [CancelJobs()]


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (IndexReport(indexed=1204, unreadable=3), "1,204 indexed, 3 can't be read"),
        (IndexReport(unchanged=1204, unreadable=3), "Up to date"),
        (IndexReport(reused=2, removed=1), "2 recognised as moved or copied, 1 removed"),
        (IndexReport(indexed=5, cancelled=True), "Stopped: 5 indexed. Rescan to finish."),
        (IndexReport(cancelled=True), "Stopped: nothing new indexed. Rescan to finish."),
    ],
)
def test_a_finished_job_reports_in_a_line(
    bar: JobBar, client: FakeClient, report: IndexReport, said: str
) -> None:
    tell_job(client, JobStatus(report=report))
    assert bar.text() == said
    tell_job(client, JobStatus())
    assert bar.text() == ""


@pytest.mark.parametrize(
    "left", [{"pending": 7}, {"scan_complete": False}, {"pending": 7, "scan_complete": False}]
)
def test_nothing_is_up_to_date_while_a_source_is_not_read_to_its_end(
    bar: JobBar, client: FakeClient, left: dict[str, int]
) -> None:
    tell_job(client, JobStatus(report=IndexReport(unchanged=3)))
    tell_library(client, a_source(HOLIDAY, **left), a_source(SCANS))  # type: ignore[arg-type]
    assert bar.text() == ""
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    assert bar.text() == "Up to date"


def test_what_a_job_did_is_told_though_others_left_something(bar: JobBar, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY, pending=7))
    tell_job(client, JobStatus(report=IndexReport(indexed=5, cancelled=True, pending=18_560)))
    assert bar.text() == "Stopped: 5 indexed; 18,560 not read yet."


def test_an_error_stands_alone(bar: JobBar, client: FakeClient) -> None:
    tell_job(client, JobStatus(error="The disk is full."))
    assert bar.text() == "The disk is full."
    tell_job(client, indexing(HOLIDAY))
    assert "The disk is full." not in bar.text()
