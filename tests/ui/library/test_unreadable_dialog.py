"""Tests of the dialog with unreadable files."""

from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, tell_job, tell_library
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from imagefinder.domain.items import UnreadableFile
from imagefinder.domain.jobs import JobStatus
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.ipc.messages import ListUnreadable, Rescan, Unreadable
from imagefinder.translation import use_language
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog

FILES = (
    UnreadableFile(HOLIDAY / "b.jpg", Reason(ReasonCode.TRUNCATED)),
    UnreadableFile(HOLIDAY / "A.pdf", Reason(ReasonCode.PASSWORD)),
    UnreadableFile(SCANS / "c.png", Reason(ReasonCode.DRIVE_NOT_ANSWERING)),
)


class FakeDesktop:
    def __init__(self) -> None:
        self.revealed: list[Path] = []

    def reveal(self, path: Path) -> str:
        self.revealed.append(path)
        return "It is not there."


@pytest.fixture
def dialog(qtbot: QtBot, client: FakeClient) -> UnreadableDialog:
    tell_library(client, a_source(HOLIDAY, unreadable=2), a_source(SCANS, unreadable=1))
    made = UnreadableDialog(client, FakeDesktop(), None)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def answered(dialog: UnreadableDialog, client: FakeClient) -> UnreadableDialog:
    answer(client)
    return dialog


def answer(client: FakeClient, files: tuple[UnreadableFile, ...] = FILES) -> None:
    client.hear(Unreadable(client.last(ListUnreadable).request_id, files))


def names(dialog: UnreadableDialog) -> list[str]:
    return [file.path.name for file in dialog.files()]


def select(dialog: UnreadableDialog, *rows: int) -> None:
    selection = dialog.table.selectionModel()
    for row in rows:
        selection.select(
            dialog._sorted.index(row, 0), selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        )


def test_it_asks_and_shows_the_answer_by_name(answered: UnreadableDialog, client: FakeClient) -> None:
    assert client.last(ListUnreadable).source is None
    assert names(answered) == ["A.pdf", "b.jpg", "c.png"]


def test_before_the_answer_it_does_not_claim_that_all_is_well(
    dialog: UnreadableDialog, client: FakeClient
) -> None:
    assert "All files can be read" not in dialog._line.text()
    answer(client, ())
    assert dialog._line.text() == "All files can be read."


def test_a_late_answer_to_an_old_question_never_shows(answered: UnreadableDialog, client: FakeClient) -> None:
    client.hear(Unreadable(client.last(ListUnreadable).request_id - 1, ()))
    assert len(names(answered)) == 3


def test_the_filter_looks_at_names_reasons_and_folders(answered: UnreadableDialog) -> None:
    for words, found in (("PASSWORD", ["A.pdf"]), ("scans", ["c.png"]), ("b.j", ["b.jpg"]), (".*", [])):
        answered._filter.setText(words)
        assert names(answered) == found


def test_the_filter_takes_words_in_any_form_and_without_accents(
    dialog: UnreadableDialog, client: FakeClient
) -> None:
    answer(
        client,
        (
            UnreadableFile(Path("/p/Mu\u0308ller.jpg"), Reason(ReasonCode.DAMAGED)),
            UnreadableFile(Path("/p/ＡＢ.jpg"), Reason(ReasonCode.DAMAGED)),
        ),
    )
    for words, found in (
        ("MÜLL", ["Mu\u0308ller.jpg"]),
        ("muller", ["Mu\u0308ller.jpg"]),
        ("ab", ["ＡＢ.jpg"]),
        ("xy", []),
    ):
        dialog._filter.setText(words)
        assert names(dialog) == found


def test_a_click_on_a_heading_sorts(answered: UnreadableDialog) -> None:
    answered.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    assert names(answered) == ["A.pdf", "c.png", "b.jpg"]


def test_all_that_is_shown_can_be_tried_again(
    qtbot: QtBot, answered: UnreadableDialog, client: FakeClient
) -> None:
    qtbot.mouseClick(answered._retry_all, Qt.MouseButton.LeftButton)
    request = client.last(Rescan)
    assert set(request.retry_unreadable) == {file.path for file in FILES}
    assert set(request.paths) == {HOLIDAY, SCANS}


def test_chosen_files_are_tried_again_in_their_sources_only(
    qtbot: QtBot, answered: UnreadableDialog, client: FakeClient
) -> None:
    assert not answered._retry_chosen.isEnabled()
    select(answered, 2)
    qtbot.mouseClick(answered._retry_chosen, Qt.MouseButton.LeftButton)
    assert client.last(Rescan) == Rescan((SCANS,), (SCANS / "c.png",))


def test_of_one_source_only_its_files_are_asked_for(qtbot: QtBot, client: FakeClient) -> None:
    dialog = UnreadableDialog(client, FakeDesktop(), HOLIDAY)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    assert client.last(ListUnreadable).source == HOLIDAY
    assert "Holiday" in dialog.windowTitle()


def test_it_asks_anew_when_the_count_changed_and_not_otherwise(
    answered: UnreadableDialog, client: FakeClient
) -> None:
    asked = len(client.sent)
    tell_library(client, a_source(HOLIDAY, 9, unreadable=2), a_source(SCANS, unreadable=1))
    assert len(client.sent) == asked
    tell_library(client, a_source(HOLIDAY, unreadable=1), a_source(SCANS, unreadable=1))
    assert len(client.sent) == asked + 1
    tell_job(client, JobStatus())
    assert len(client.sent) == asked + 2


def test_the_file_one_is_on_stays_current_through_an_update(
    answered: UnreadableDialog, client: FakeClient
) -> None:
    answered.table.setCurrentIndex(answered._sorted.index(1, 0))
    tell_job(client, JobStatus())
    answer(client, FILES[:1] + FILES[2:])
    assert answered._file(answered.table.currentIndex()).path.name == "b.jpg"


def test_the_list_is_copied_as_text(qtbot: QtBot, answered: UnreadableDialog) -> None:
    qtbot.mouseClick(answered._copy, Qt.MouseButton.LeftButton)
    text = QGuiApplication.clipboard().text()
    assert text.splitlines()[0] == f"{HOLIDAY / 'A.pdf'}\tencrypted: it opens only with a password"
    assert len(text.splitlines()) == 3
    select(answered, 1)
    qtbot.mouseClick(answered._copy, Qt.MouseButton.LeftButton)
    assert (
        QGuiApplication.clipboard().text()
        == f"{HOLIDAY / 'b.jpg'}\tthe picture is cut short (the file ends too early)"
    )


def test_a_file_is_shown_in_its_folder_or_why_not(qtbot: QtBot, answered: UnreadableDialog) -> None:
    answered.table.setCurrentIndex(answered._sorted.index(1, 0))
    select(answered, 1)
    qtbot.mouseClick(answered._reveal, Qt.MouseButton.LeftButton)
    assert answered._desktop.revealed == [HOLIDAY / "b.jpg"]
    assert answered._line.text() == "It is not there."


def test_enter_in_the_filter_starts_nothing(
    qtbot: QtBot, answered: UnreadableDialog, client: FakeClient
) -> None:
    asked = len(client.sent)
    qtbot.keyClick(answered._filter, Qt.Key.Key_Return)
    assert len(client.sent) == asked
    assert answered.isVisible()


def test_reasons_are_told_in_the_language_of_the_window(qtbot: QtBot, client: FakeClient) -> None:
    use_language("zh_CN")
    try:
        tell_library(client, a_source(HOLIDAY, unreadable=2), a_source(SCANS, unreadable=1))
        dialog = UnreadableDialog(client, FakeDesktop(), None)  # type: ignore[arg-type]
        qtbot.addWidget(dialog)
        answer(client)
        shown = [dialog._sorted.index(row, 1).data() for row in range(3)]
        assert shown == [
            "已加密：需要密码才能打开",
            "图片不完整（文件过早结束）",
            "它所在的磁盘或网络文件夹没有响应",
        ]
        dialog._filter.setText("密码")
        assert names(dialog) == ["A.pdf"]
    finally:
        use_language("en")
