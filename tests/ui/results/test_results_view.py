"""Tests of the results view: keys, menu, endless scrolling, and data for other programs."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtCore import QItemSelectionModel, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.items import ItemDetails, ItemKind
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import Failed, ItemShown, ShowItem
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.results.results_view import ResultsView
from imagefinder.ui.services import file_copier
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.file_copier import copy_files
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader

Key = Qt.Key
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
SELECT = QItemSelectionModel.SelectionFlag.Select


class RecordingDesktop(Desktop):
    """Records the files to be opened or shown, and opens none."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[Path, int]] = []
        self.revealed: list[Path] = []
        self.offline: list[Path] = []

    def open(self, path: Path, part: int = 1, *, is_offline: bool = False) -> str:
        self.opened.append((path, part))
        self.offline += [path] * is_offline
        return ""

    def reveal(self, path: Path, *, is_offline: bool = False) -> str:
        self.revealed.append(path)
        self.offline += [path] * is_offline
        return ""


class Grid:
    """Results view in a window, with its model and the messages that it emitted."""

    def __init__(self, qtbot: QtBot, client: FakeClient, folder: Path) -> None:
        self.client = client
        self.thumbnails = ThumbnailLoader(client, folder)
        self.desktop = RecordingDesktop()
        self.model = ResultsModel()
        self.view = ResultsView(self.model, self.thumbnails, self.desktop)
        self.notices: list[str] = []
        self.view.notice.connect(self.notices.append)
        self.problems: list[str] = []
        self.view.problem.connect(self.problems.append)
        qtbot.addWidget(self.view)
        self.view.resize(800, 600)
        self.view.show()
        self.view.setFocus()

    @property
    def row(self) -> int:
        return self.view.currentIndex().row()

    def close(self) -> None:
        self.thumbnails.close()
        self.desktop.close()
        for each in (self.thumbnails, self.desktop, self.model):
            each.deleteLater()


@pytest.fixture
def grid(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[Grid]:
    made = Grid(qtbot, client, tmp_path / "thumbnails")
    yield made
    made.close()


def test_arrows_home_end_and_pages_move_through_the_grid(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(50), has_more=False)
    grid.view.setCurrentIndex(grid.model.index(0))
    columns = grid.view.columns
    assert columns > 2
    for key, row in (
        (Key.Key_Right, 1),
        (Key.Key_Down, 1 + columns),
        (Key.Key_Up, 1),
        (Key.Key_Up, 1),
        (Key.Key_Left, 0),
        (Key.Key_Left, 0),
        (Key.Key_End, 49),
        (Key.Key_Down, 49),
        (Key.Key_Home, 0),
    ):
        qtbot.keyClick(grid.view, key)
        assert grid.row == row, key
    qtbot.keyClick(grid.view, Key.Key_PageDown)
    assert grid.row > columns
    assert grid.row % columns == 0
    assert grid.row in grid.view.visible_rows()


def test_the_columns_fill_the_width_at_every_size(grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(500), has_more=False)
    for width in (700, 701, 640, 900):
        grid.view.resize(width, 500)
        spare = grid.view.viewport().width() - grid.view.columns * grid.view.cell.width()
        assert 0 <= spare < grid.view.columns


def test_the_columns_fill_the_width(grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(50), has_more=False)
    spare = grid.view.viewport().width() - grid.view.columns * grid.view.cell.width()
    assert 0 <= spare < grid.view.columns
    first, below = (grid.view.visualRect(grid.model.index(row)) for row in (0, grid.view.columns))
    assert first.bottomLeft() + QPoint(0, 1) == below.topLeft()
    assert grid.view.indexAt(below.center()).row() == grid.view.columns
    assert not grid.view.indexAt(first.topLeft()).isValid()  # the gap between two cards


def test_shift_selects_a_range_and_control_single_ones(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(20), has_more=False)

    def click(row: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        at = grid.view.visualRect(grid.model.index(row)).center()
        qtbot.mouseClick(grid.view.viewport(), Qt.MouseButton.LeftButton, modifier, at)

    def chosen() -> list[int]:
        return [hit.item_id - 1 for hit in grid.view.chosen()]

    click(1)
    assert chosen() == [1]
    click(6, SHIFT)
    assert chosen() == [1, 2, 3, 4, 5, 6]
    click(3, CONTROL)
    assert chosen() == [1, 2, 4, 5, 6]
    click(0)
    assert chosen() == [0]
    qtbot.keyClick(grid.view, Key.Key_Right, SHIFT)
    assert chosen() == [0, 1]
    qtbot.keyClick(grid.view, Key.Key_A, CONTROL)
    assert len(chosen()) == 20


def test_enter_opens_a_page_at_its_page_and_control_enter_shows_the_folder(
    qtbot: QtBot, grid: Grid, hits: MakeHits
) -> None:
    page = hits(1)[0]._replace(file="/docs/report.pdf", part=3, parts=12, kind=ItemKind.PAGE)
    grid.model.reset([page], has_more=False)
    grid.view.setCurrentIndex(grid.model.index(0))
    qtbot.keyClick(grid.view, Key.Key_Return)
    qtbot.keyClick(grid.view, Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert grid.desktop.opened == [(page.path, 3)] * 2
    qtbot.keyClick(grid.view, Key.Key_Return, CONTROL)
    assert grid.desktop.revealed == [page.path]


def test_the_desktop_is_told_that_a_drive_was_away(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    there, away = hits(2)
    grid.model.reset([there, away._replace(offline=True)], has_more=False)
    for row in (0, 1):
        grid.view.clearSelection()
        grid.view.setCurrentIndex(grid.model.index(row))
        qtbot.keyClick(grid.view, Key.Key_Return)
        qtbot.keyClick(grid.view, Key.Key_Return, CONTROL)
    assert grid.desktop.offline == [away.path] * 2


def test_a_hundred_files_are_not_opened_by_a_slip(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(100), has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_Return)
    assert grid.desktop.opened == []
    assert grid.problems


def test_space_and_double_click_preview(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(5), has_more=False)
    grid.view.setCurrentIndex(grid.model.index(2))
    with qtbot.waitSignal(grid.view.preview_requested, check_params_cb=lambda row: row == 2):
        qtbot.keyClick(grid.view, Key.Key_Space)
    at = grid.view.visualRect(grid.model.index(1)).center()
    qtbot.mouseClick(grid.view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    with qtbot.waitSignal(grid.view.preview_requested, check_params_cb=lambda row: row == 1):
        qtbot.mouseDClick(grid.view.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_delete_deletes_nothing_and_says_so(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(3), has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_Delete)
    assert "never deletes" in grid.notices[0]
    assert grid.model.rowCount() == 3


def test_h_hides_and_shows_again(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    asked: list[tuple[int, bool]] = []
    grid.view.hide_requested.connect(lambda chosen, hidden: asked.append((len(chosen), hidden)))
    first, second = hits(2)
    grid.model.reset([first, second], has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_H)
    grid.model.reset([first._replace(hidden=True)], has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_H)
    assert asked == [(2, True), (1, False)]


def test_copying_gives_paths_to_editors_and_files_to_file_managers(
    qtbot: QtBot, grid: Grid, hits: MakeHits
) -> None:
    grid.model.reset(hits(2), has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_C, CONTROL)
    mime = QGuiApplication.clipboard().mimeData()
    assert mime.text() == "/pictures/holiday 00000.jpg\n/pictures/holiday 00001.jpg"
    assert [url.toLocalFile() for url in mime.urls()] == mime.text().split("\n")
    gnome = bytes(mime.data("x-special/gnome-copied-files").data())
    assert gnome.startswith(b"copy\nfile:///pictures/holiday%2000000.jpg")


def test_copying_a_picture_asks_the_engine_to_render_it(
    qtbot: QtBot, grid: Grid, hits: MakeHits, pictures: Path
) -> None:
    grid.model.reset(hits(1), has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_C, CONTROL | SHIFT)
    asked = grid.client.last(ShowItem)
    details = ItemDetails(Path("/x"), 1, 1, ItemKind.PICTURE, 1, 1, 64, 48)
    late = ItemShown(asked.request_id + 7, 1, details, None, problem="not for us")
    grid.client.hear(late)
    assert grid.notices == []
    grid.client.hear(ItemShown(asked.request_id, 1, details, pictures / "red.png"))
    qtbot.waitUntil(lambda: bool(grid.notices))
    image = QGuiApplication.clipboard().image()
    assert image.size().toTuple() == (64, 48)
    assert image.pixelColor(5, 5) == QColor("red")


def test_the_menu_offers_what_suits_what_is_chosen(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset([hit._replace(hidden=True) for hit in hits(3)], has_more=False)
    grid.view.selectAll()
    menu = grid.view._actions.menu(grid.view)
    enabled = {action.text(): action.isEnabled() for action in menu.actions() if action.text()}
    assert enabled["Show in results again"]
    assert enabled["Copy paths"]
    assert not enabled["Find similar"]
    assert enabled["Preview"]
    assert not any("elete" in text for text in enabled)
    menu.deleteLater()


def test_a_menu_over_several_pictures_takes_no_key_away(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset([hit._replace(hidden=True) for hit in hits(3)], has_more=False)
    similar: list[Hit] = []
    previewed: list[int] = []
    grid.view.similar_requested.connect(similar.append)
    grid.view.preview_requested.connect(previewed.append)
    grid.view.selectAll()
    menu = grid.view._actions.menu(grid.view)
    menu.popup(QPoint(0, 0))
    menu.close()

    for rows in (3, 1):
        if rows == 1:
            grid.model.reset(hits(3), has_more=False)
            grid.view.setCurrentIndex(grid.model.index(1))
        qtbot.keyClick(grid.view, Key.Key_Space)
        qtbot.keyClick(grid.view, Key.Key_S)
        qtbot.keyClick(grid.view, Key.Key_Return, CONTROL)
        qtbot.keyClick(grid.view, Key.Key_C, CONTROL | SHIFT)
    assert previewed == [0, 1]
    assert [hit.item_id for hit in similar] == [1, 2]
    assert [path.name for path in grid.desktop.revealed] == ["holiday 00000.jpg", "holiday 00001.jpg"]
    assert [each.item_id for each in grid.client.sent if isinstance(each, ShowItem)] == [1, 2]

    # An earlier menu for hidden pictures does not change the wording for visible ones.
    menu = grid.view._actions.menu(grid.view)
    assert "Hide from results" in [action.text() for action in menu.actions()]
    menu.deleteLater()


def test_of_several_pictures_the_keys_act_on_the_current_one(
    qtbot: QtBot, grid: Grid, hits: MakeHits
) -> None:
    grid.model.reset(hits(5), has_more=False)
    grid.view.setCurrentIndex(grid.model.index(1))
    qtbot.keyClick(grid.view, Key.Key_Right, SHIFT)
    with qtbot.waitSignal(grid.view.similar_requested) as caught:
        qtbot.keyClick(grid.view, Key.Key_S)
    assert caught.args[0].item_id == 3


def test_copies_never_overwrite(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    paths = []
    for name in ("a", "b", "c"):
        path = tmp_path / name / "holiday.jpg"
        path.parent.mkdir()
        path.write_text(name)
        paths.append(path)
    report = copy_files([*paths, tmp_path / "gone.jpg"], folder, lambda: False)
    assert report.copied == 3
    assert report.failures == ((tmp_path / "gone.jpg", "file or folder not found"),)
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {"holiday.jpg": "a", "holiday (2).jpg": "b", "holiday (3).jpg": "c"}


def test_a_disk_that_takes_no_times_takes_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("shutil.copystat", refuse)
    (tmp_path / "a.jpg").write_bytes(b"x")
    folder = tmp_path / "out"
    folder.mkdir()
    assert copy_files([tmp_path / "a.jpg"], folder, lambda: False).failures == ()
    assert (folder / "a.jpg").read_bytes() == b"x"


def test_a_copy_that_is_given_up_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * 100)
    folder = tmp_path / "out"
    folder.mkdir()
    report = copy_files([tmp_path / "a.jpg"], folder, lambda: True)
    assert report.copied == 0
    assert list(folder.iterdir()) == []


def test_exporting_says_how_many(qtbot: QtBot, grid: Grid, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    grid.view._actions.export_to(folder, [pictures / "red.png", pictures / "blue.png"])
    qtbot.waitUntil(lambda: bool(grid.notices))
    assert "2" in grid.notices[0]
    assert len(list(folder.iterdir())) == 2
    assert grid.problems == []


@pytest.mark.parametrize(
    ("code", "count", "said"),
    [
        (errno.ENOSPC, 1, "Couldn't copy to {folder}: 0.jpg (no space left on the disk)."),
        (errno.EROFS, 3, "Couldn't copy to {folder}: 0.jpg, 1.jpg, 2.jpg (the folder is read-only)."),
        (
            errno.EACCES,
            4,
            "Couldn't copy to {folder}: 0.jpg, 1.jpg, 2.jpg and 1 more file (permission denied).",
        ),
        (
            errno.EIO,
            9,
            "Couldn't copy to {folder}: 0.jpg, 1.jpg, 2.jpg and 6 more files (Input/output error).",
        ),
    ],
)
def test_what_is_not_copied_is_a_problem_with_names_and_reason(
    qtbot: QtBot,
    grid: Grid,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    count: int,
    said: str,
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    paths = [tmp_path / f"{number}.jpg" for number in range(count)]
    for path in paths:
        path.touch()
    monkeypatch.setattr(file_copier, "_create", refuse)
    grid.view._actions.export_to(tmp_path / "out", paths)
    qtbot.waitUntil(lambda: bool(grid.problems))
    assert grid.problems == [said.format(folder=tmp_path / "out")]
    assert grid.notices == []


def test_what_is_copied_is_said_beside_what_is_not(
    qtbot: QtBot, grid: Grid, pictures: Path, tmp_path: Path
) -> None:
    grid.view._actions.export_to(tmp_path, [pictures / "red.png", tmp_path / "gone.png"])
    qtbot.waitUntil(lambda: bool(grid.problems))
    assert grid.problems[0].startswith(
        f"Copied 1 file to {tmp_path}. Couldn't copy to {tmp_path}: gone.png ("
    )


def test_a_picture_that_cannot_be_copied_is_a_problem(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(1), has_more=False)
    grid.view.selectAll()
    qtbot.keyClick(grid.view, Key.Key_C, CONTROL | SHIFT)
    grid.client.hear(Failed(grid.client.last(ShowItem).request_id, "Its drive is away."))
    assert grid.problems == ["Its drive is away."]
    assert grid.notices == []


def test_control_and_the_wheel_zoom(grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(30), has_more=False)
    sizes: list[int] = []
    grid.view.cell_size_changed.connect(sizes.append)
    before = grid.view.cell_size

    def turn(delta: int) -> None:
        event = QWheelEvent(
            QPointF(50, 50),
            grid.view.mapToGlobal(QPointF(50, 50)),
            QPoint(),
            QPoint(0, delta),
            Qt.MouseButton.NoButton,
            CONTROL,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(grid.view.viewport(), event)

    turn(60)
    assert sizes == []
    turn(60)
    assert sizes[-1] > before
    for _ in range(50):
        turn(-120)
    assert grid.view.cell_size == sizes[-1] == 96


def test_resizing_keeps_what_is_looked_at_in_sight(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    grid.model.reset(hits(500), has_more=False)
    grid.view.scrollTo(grid.model.index(300), ResultsView.ScrollHint.PositionAtTop)
    assert 300 in grid.view.visible_rows()
    grid.view.resize(500, 600)
    assert 300 in grid.view.visible_rows()


def test_a_hundred_thousand_hits_scroll_to_the_end_with_flat_memory(
    qtbot: QtBot, grid: Grid, hits: MakeHits, tmp_path: Path
) -> None:
    total, page = 100_000, 5_000
    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("navy"))
    keys = []
    for number in range(64):
        key = f"{number:02x}{'f' * 30}-1"
        path = grid.thumbnails.path(key)
        path.parent.mkdir(parents=True)
        assert image.save(str(path))
        keys.append(key)
    asked: list[int] = []

    def answer(offset: int) -> None:
        asked.append(offset)
        given = [
            hit._replace(thumbnail_key=keys[hit.item_id % len(keys)]) for hit in hits(page, start=offset)
        ]
        grid.model.append(given, has_more=offset + page < total)

    grid.model.more_wanted.connect(answer, Qt.ConnectionType.QueuedConnection)
    answer(0)
    bar = grid.view.verticalScrollBar()
    while grid.model.rowCount() < total:
        bar.setValue(bar.maximum())
        QApplication.processEvents()
    grid.view.scrollToBottom()
    assert asked == list(range(0, total, page))
    assert grid.view.visible_rows().stop == total
    qtbot.waitUntil(lambda: grid.thumbnails.is_idle)
    assert 0 < grid.thumbnails.held_bytes <= 64 * 1024 * 1024
    assert len(grid.view.visible_rows()) < 100


def test_a_thumbnail_that_came_is_painted(qtbot: QtBot, grid: Grid, hits: MakeHits) -> None:
    hit = hits(1)[0]
    path = grid.thumbnails.path(hit.thumbnail_key)
    path.parent.mkdir(parents=True)
    image = QImage(320, 240, QImage.Format.Format_RGB32)
    image.fill(QColor("#ff0000"))
    assert image.save(str(path), quality=100)
    grid.model.reset([hit], has_more=False)
    qtbot.waitUntil(lambda: grid.thumbnails.held_bytes > 0)
    middle = grid.view.visualRect(grid.model.index(0)).center() - QPoint(0, 20)
    qtbot.waitUntil(lambda: grid.view.grab().toImage().pixelColor(middle).red() > 200)
