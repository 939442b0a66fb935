"""Tests of the Qt model of sources, and of the texts about their states."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, indexing, library_of, tell_job, tell_library
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState, JobStatus, Phase, Progress
from imagefinder.domain.sources import SourceKind
from imagefinder.ui.library.source_status import RowAction
from imagefinder.ui.library.sources_model import SourceRole, SourcesModel


@pytest.fixture(autouse=True)
def _numbers_are_grouped() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def model(qtbot: QtBot, client: FakeClient) -> Iterator[SourcesModel]:
    made = SourcesModel(client, client)
    made.tester = QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made  # type: ignore[return-value]


def words(model: SourcesModel, row: int = 0) -> str:
    return " · ".join(model.index(row).data(SourceRole.STATE).words)


def names(model: SourcesModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def test_a_source_tells_its_name_its_count_and_its_last_scan(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY))
    assert names(model) == ["Holiday"]
    assert words(model) == "1,204 pictures and pages · scanned 5 minutes ago"


def test_a_library_that_was_there_before_the_model_is_shown(qtbot: QtBot, client: FakeClient) -> None:
    client.library = library_of(a_source(HOLIDAY))
    assert names(SourcesModel(client, client)) == ["Holiday"]


def test_the_source_at_work_tells_how_far_it_is(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    tell_job(client, indexing(HOLIDAY, 301, 1204, waiting=(SCANS,)))
    assert words(model) == "Indexing 301 of 1,204"
    assert model.index(0).data(SourceRole.STATE).fraction == pytest.approx(0.25)
    assert words(model, 1).startswith("Waiting")


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PAUSED])
def test_of_a_job_on_several_sources_each_tells_what_is_left_of_itself(
    model: SourcesModel, client: FakeClient, state: JobState
) -> None:
    tell_library(client, a_source(HOLIDAY, pending=892), a_source(SCANS))
    tell_job(client, indexing(HOLIDAY, sources=(HOLIDAY, SCANS), state=state))
    said = "Paused" if state is JobState.PAUSED else "Indexing…"
    assert words(model, 0) == f"{said} · 892 not read yet"
    assert words(model, 1) == "1,204 pictures and pages · scanned 5 minutes ago"
    assert model.index(0).data(SourceRole.STATE).fraction is None
    assert not any(model.index(row).data(SourceRole.STATE).action for row in (0, 1))


def test_what_is_indexed_with_a_model_to_come_is_at_work_in_every_source(
    model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    progress = Progress(Phase.EMBEDDING, 3, 9, model="ViT-B-32")
    tell_job(client, indexing(HOLIDAY, sources=(HOLIDAY, SCANS), progress=progress))
    assert words(model, 0) == words(model, 1) == "Indexing…"


def test_what_is_not_yet_read_is_said_and_offered_until_it_is(
    model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY, 1440, pending=18_560))
    assert words(model) == "1,440 pictures and pages · 18,560 not read yet"
    assert model.index(0).data(SourceRole.STATE).action_text == "Continue"
    assert model.offers(HOLIDAY, RowAction.CONTINUE)
    tell_job(client, indexing(HOLIDAY))
    assert words(model) == "Indexing 312 of 1,204"
    assert not model.offers(HOLIDAY, RowAction.CONTINUE)
    tell_job(client, JobStatus(error="The disk is full."))
    assert model.offers(HOLIDAY, RowAction.CONTINUE)
    tell_library(client, a_source(HOLIDAY, 20_000))
    assert words(model) == "20,000 pictures and pages · scanned 5 minutes ago"
    assert not model.offers(HOLIDAY, RowAction.CONTINUE)


@pytest.mark.parametrize("phase", [Phase.LOADING_MODEL, Phase.SCANNING])
def test_what_waits_or_is_offline_is_not_claimed_to_be_read(
    model: SourcesModel, client: FakeClient, phase: Phase
) -> None:
    tell_library(client, a_source(HOLIDAY, pending=5), a_source(SCANS, pending=7))
    tell_job(client, indexing(HOLIDAY, progress=Progress(phase, 0, None), waiting=(SCANS,)))
    assert words(model, 1) == "Waiting · 1,204 pictures and pages · 7 not read yet"
    assert "scanned" not in words(model)


def test_a_walk_that_did_not_come_to_its_end_is_told_and_can_be_gone_on_with(
    model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY, scan_complete=False))
    assert words(model) == "1,204 pictures and pages · not fully scanned yet"
    assert model.offers(HOLIDAY, RowAction.CONTINUE)


@pytest.mark.parametrize(("kind", "what"), [(SourceKind.FOLDER, "folder"), (SourceKind.FILE, "file")])
def test_what_is_gone_from_a_drive_that_is_there_is_not_called_offline(
    model: SourcesModel, client: FakeClient, kind: SourceKind, what: str
) -> None:
    tell_library(client, a_source(HOLIDAY, gone=True, kind=kind, pending=3))
    assert words(model).startswith(f"This {what} can't be found. It was moved, renamed or deleted.")
    assert "drive" not in words(model)
    assert model.offers(HOLIDAY, RowAction.FORGET)


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase.SCANNING, "Scanning 3,120 files…"),
        (Phase.LOADING_MODEL, "Waiting for the model"),
        (Phase.BUILDING_INDEX, "Building the index…"),
    ],
)
def test_every_phase_has_its_words(model: SourcesModel, client: FakeClient, phase: Phase, said: str) -> None:
    tell_library(client, a_source(HOLIDAY))
    tell_job(client, indexing(HOLIDAY, progress=Progress(phase, 3120, None)))
    assert words(model).startswith(said)


def test_a_paused_source_says_so_and_keeps_its_bar(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY))
    tell_job(client, indexing(HOLIDAY, state=JobState.PAUSED))
    assert words(model) == "Paused at 312 of 1,204"
    assert model.index(0).data(SourceRole.STATE).fraction is not None


def test_an_unplugged_drive_is_offline_and_not_gone(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY, offline=True))
    assert words(model) == "Offline: drive not connected, but still searchable"
    assert model.index(0).data(SourceRole.ICON_NAME) == "unplug"


def test_a_drive_missing_inside_a_source_is_told_beside_its_count(
    model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY, offline_files=12))
    assert words(model).endswith("12 files offline")


def test_a_source_never_scanned_to_the_end_does_not_claim_to_be_up_to_date(
    model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY, minutes_ago=None))
    assert words(model).endswith("not fully scanned yet")


def test_unreadable_files_are_counted(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY, unreadable=3), a_source(SCANS))
    assert model.index(0).data(SourceRole.UNREADABLE_TEXT) == "3 files can't be read"
    assert model.index(1).data(SourceRole.UNREADABLE_TEXT) == ""


def test_a_screen_reader_hears_name_state_and_trouble(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY, unreadable=3))
    heard = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard == "Holiday, 1,204 pictures and pages, scanned 5 minutes ago, 3 files can't be read"


def test_folders_of_the_same_name_are_told_apart(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(Path("/anna/Pictures")), a_source(Path("/ben/Pictures")), a_source(SCANS))
    assert names(model) == ["Pictures in anna", "Pictures in ben", "Scans"]


def test_a_file_name_that_is_no_text_is_shown_all_the_same(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(Path("/photos/caf\udce9"), kind=SourceKind.FILE))
    assert names(model) == ["caf\N{REPLACEMENT CHARACTER}"]


def test_a_row_stays_itself_while_others_come_and_go(
    qtbot: QtBot, model: SourcesModel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    from PySide6.QtCore import QPersistentModelIndex

    kept = QPersistentModelIndex(model.index(1))
    tell_library(client, a_source(SCANS), a_source(Path("/new")))
    assert kept.isValid()
    assert kept.row() == 0
    assert names(model) == ["Scans", "new"]


def test_another_library_replaces_all_rows(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    tell_library(client, a_source(Path("/other")), a_source(HOLIDAY))
    assert names(model) == ["other", "Holiday"]


def test_only_the_row_at_work_is_drawn_anew(qtbot: QtBot, model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS))
    changed: list[int] = []
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    tell_job(client, indexing(SCANS))
    assert changed == [1]


def test_an_idle_job_leaves_the_last_scan_standing(model: SourcesModel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY))
    tell_job(client, indexing(HOLIDAY))
    tell_job(client, JobStatus())
    assert words(model).startswith("1,204 pictures and pages")


def test_many_sources_are_not_each_compared_with_each(qtbot: QtBot, client: FakeClient) -> None:
    class Counting(tuple[Path, ...]):
        __slots__ = ()

        def __contains__(self, path: object) -> bool:
            pytest.fail("a look through all of them for one")

    sources = [a_source(Path(f"/pictures/{number}")) for number in range(3)]
    tell_library(client, *sources)
    model = SourcesModel(client, client)
    paths = Counting(each.source.path for each in sources)
    tell_job(client, JobStatus(JobState.RUNNING, sources=paths, waiting=Counting()))
    assert "Starting" in words(model)
