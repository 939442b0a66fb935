"""Tests of the whole program: state kept between starts, and changes of settings at run time."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from conftest import save
from helpers.driven_application import DrivenApplication, Steps
from helpers.fakes import picture
from PySide6.QtCore import QMimeData, QObject, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QDropEvent, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.paths import default_places
from imagefinder.ui.app.options import WindowOptions
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog
from imagefinder.ui.services.engine_client import EngineState


@pytest.fixture
def program_window(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[DrivenApplication]:
    """Program with its own library. Its changes to the application's style are undone at the end."""
    palette, sheet, style = QPalette(qapp.palette()), qapp.styleSheet(), qapp.style().name()
    yield DrivenApplication(qtbot, WindowOptions(library=tmp_path / "library", model="builtin"))
    qapp.setStyleSheet(sheet)
    qapp.setStyle(style)
    qapp.setPalette(palette)


def _png(colour: str) -> bytes:
    data = BytesIO()
    picture(colour).save(data, "PNG")
    return data.getvalue()


def _drop_data(program: DrivenApplication, data: bytes) -> None:
    mime = QMimeData()
    mime.setData("image/png", data)
    pane = program.pane
    event = QDropEvent(
        QPointF(pane.rect().center()),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    pane.dropEvent(event)
    assert event.isAccepted()


def test_window_panes_and_pictures_dropped_as_data_come_back(
    program_window: DrivenApplication, three_pictures: Path
) -> None:
    program = program_window

    def first() -> Steps:
        yield program.has_items(0)
        program.add(three_pictures)
        yield program.has_items(3)
        # The tests have a small screen.
        program.window.show_panel(False)
        program.window.resize(780, 707)
        program.type("green")
        yield program.finds("green.png")
        program.window.new_pane()
        _drop_data(program, _png("#f00000"))
        yield program.finds("red.png")
        program.window.split()
        program.type("blue")
        yield program.finds("blue.png")
        # A dropped picture that no pane searches by any more is deleted.
        program.window.new_pane()
        _drop_data(program, _png("#00f000"))
        yield program.finds("green.png")
        program.window.close_pane()
        program.window.toggle_pause()
        yield lambda: program.client.job and program.client.job.status.state is JobState.PAUSED

    assert program.run(first) == 0
    assert len(list(default_places().dropped.iterdir())) == 1

    def second() -> Steps:
        panes = program.window.panes
        assert panes.isVisible(), "who had pictures was shown the first page"
        assert program.window.size().toTuple() == (780, 707)
        assert not program.window.panel.isVisible()
        assert [[pane.bar.text() for pane in group] for group in panes.groups()] == [["green", ""], ["blue"]]
        assert program.pane.bar.text() == "blue"
        yield lambda: all(program.names(pane) for pane in panes.panes())
        assert [program.names(pane)[0] for pane in panes.panes()] == ["green.png", "red.png", "blue.png"]
        yield lambda: program.client.job and program.client.job.status.state is JobState.PAUSED

    def closed_at_once() -> Steps:
        yield from ()

    assert program.run(second) == 0
    # Closed before the first event of the engine.
    assert program.run(closed_at_once) == 0
    assert program.run(second) == 0


def test_items_of_another_library_are_not_searched_by(
    program_window: DrivenApplication, three_pictures: Path, tmp_path: Path
) -> None:
    program = program_window

    def first() -> Steps:
        yield program.has_items(0)
        program.add(three_pictures)
        yield program.has_items(3)
        program.type("green")
        yield program.finds("green.png")
        hit = program.pane.model.hit(0)
        program.window.new_pane()
        program.pane.find_similar(hit)
        yield lambda: len(program.names()) == 2

    program.run(first)

    def same_library() -> Steps:
        assert [pane.title for pane in program.window.panes.panes()] == ["green", "green.png"]
        yield lambda: len(program.names()) == 2

    program.run(same_library)

    def other_library() -> Steps:
        # The pane with words is kept, because words are independent of the library.
        assert [pane.title for pane in program.window.panes.panes()] == ["green"]
        assert program.window.welcome.isVisible()
        yield program.has_items(0)

    program.run(other_library, library=tmp_path / "other")


def test_the_language_changes_at_once_and_back_with_all_that_is_open(
    program_window: DrivenApplication, three_pictures: Path
) -> None:
    program = program_window
    (three_pictures / "bad.png").write_bytes(b"no picture")

    def says_why(words: str) -> Callable[[], bool]:
        program.window.show_unreadable()
        dialog = program.window.findChild(UnreadableDialog)
        return lambda: [file.reason for file in dialog.files()] == [words] and dialog.close()

    def script() -> Steps:
        yield program.has_items(0)
        program.add(three_pictures)
        yield program.has_items(3)
        program.type("red")
        yield program.finds("red.png")
        yield says_why("not a picture in any known format")
        program.window.open_settings(3)
        before, engine = program.window, program.client.pid
        program.window._services.settings_store.change(language="zh_CN")
        yield lambda: program.window is not before and program.finds("red.png")()
        assert program.window.actions_.pause.text() == "暂停建立索引"
        assert program.window.settings_page == 3
        assert program.pane.bar.text() == "red"
        chinese = program.window
        # The engine's messages are in the new language, too.
        yield lambda: program.client.pid not in (engine, None) and program.has_items(3)()
        assert program.client.options.language == "zh_CN"
        yield says_why("不是任何已知格式的图片")

        program.window._services.settings_store.change(language="en")
        yield lambda: program.window is not chinese and program.finds("red.png")()
        assert program.window.actions_.pause.text() == "Pause indexing"
        assert program.pane.bar.text() == "red"
        yield lambda: program.client.options.language == "en" and program.has_items(3)()
        assert len([each for each in QApplication.topLevelWidgets() if each.isVisible()]) == 2

    program.run(script, language=None)


def test_once_a_model_was_chosen_the_one_of_this_start_counts_no_longer(
    program_window: DrivenApplication,
) -> None:
    program = program_window

    def script() -> Steps:
        yield program.has_items(0)
        engine = program.client.pid
        assert program.client.options.model == "builtin"
        program.window._models.use("builtin")
        yield lambda: program.client.options.model is None
        # Every change of settings checks whether the engine process has to be restarted.
        program.window._services.settings_store.change(theme="dark")
        assert not program.application._restart.isActive()
        assert program.client.pid == engine

    program.run(script)


def test_another_library_is_another_world_and_the_old_one_comes_back(
    program_window: DrivenApplication, three_pictures: Path, tmp_path: Path
) -> None:
    program = program_window
    save(picture("orange"), tmp_path / "more" / "orange.png")

    def script() -> Steps:
        yield program.has_items(0)
        program.add(three_pictures)
        yield program.has_items(3)
        program.type("red")
        yield program.finds("red.png")
        settings_store = program.window._services.settings_store
        settings_store.change(library=str(tmp_path / "other"))
        yield program.has_items(0)
        assert program.window.welcome.isVisible()
        assert program.pane.state().is_empty
        program.add(tmp_path / "more")
        yield program.has_items(1)
        program.type("orange")
        yield program.finds("orange.png")

        # A second start with this library uses this window. One with the old library would open a window.
        command = [sys.executable, "-m", "imagefinder", "window", "--library", tmp_path / "other"]
        second = subprocess.Popen([*command, three_pictures / "blue.png"])  # type: ignore[list-item]
        try:
            yield lambda: second.poll() is not None
        finally:
            second.kill()
        assert second.returncode == 0
        yield lambda: program.pane.title == "blue.png"

        settings_store.change(library=str(tmp_path / "library"))
        yield program.has_items(3)
        program.type("blue")
        yield program.finds("blue.png")

    program.run(script)


def test_another_device_means_another_engine_and_panes_answer_again(
    program_window: DrivenApplication, three_pictures: Path
) -> None:
    program = program_window

    def script() -> Steps:
        yield program.has_items(0)
        program.add(three_pictures)
        yield program.has_items(3)
        program.type("red")
        yield program.finds("red.png")
        engine, window = program.client.pid, program.window
        states = []
        program.client.engine_changed.connect(lambda status: states.append(status.state))
        program.window.toggle_pause()
        program.window._services.settings_store.change(device="cpu")
        yield lambda: program.client.pid not in (engine, None) and program.is_ready()
        assert program.client.options.device == "cpu"
        assert program.client.job.status.state is JobState.PAUSED, "what was paused goes on by itself"
        assert EngineState.RESTARTING not in states, "it was taken for a death"
        assert program.window is window
        assert program.names()[0] == "red.png"
        program.type("blue")
        yield program.finds("blue.png")

    program.run(script)


def test_a_mistake_of_ours_is_a_line_in_the_window_and_a_trace_in_the_log(
    program_window: DrivenApplication,
) -> None:
    program = program_window

    class Faulty(QObject):
        happens = Signal()

        def fail(self) -> None:
            raise ZeroDivisionError("of our own making")

    faulty = Faulty()
    faulty.happens.connect(faulty.fail)

    def script() -> Steps:
        yield program.has_items(0)
        QTimer.singleShot(0, faulty.happens.emit)
        yield program.window.notices.texts
        assert "ZeroDivisionError" in program.window.notices.texts()[0]
        program.type("still alive")
        assert program.pane.bar.text() == "still alive"

    with capture_exceptions():  # else pytest-qt would fail the test
        assert program.run(script) == 0
    log = (default_places().logs / "imagefinder.log").read_text()
    assert "of our own making" in log
    assert "Traceback" in log


_START = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from imagefinder.ui.app.application import Application
from imagefinder.ui.app.options import WindowOptions

if __name__ == "__main__":
    application = Application(WindowOptions(library=Path(sys.argv[1]), model="builtin"))
    def when_it_stands(): {action}
    application._client.library_changed.connect(when_it_stands)
    sys.exit(application.run())
"""


@contextmanager
def _started(tmp_path: Path, action: str) -> "Iterator[subprocess.Popen[str]]":
    script = tmp_path / "start.py"
    script.write_text(_START.format(action=action))
    command = [sys.executable, script, tmp_path / "library"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:  # type: ignore[arg-type]
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_ends_the_engine_too(tmp_path: Path) -> None:
    with _started(tmp_path, "print(application._client.pid, flush=True)") as process:
        assert process.stdout is not None
        engine = int(process.stdout.readline())
        assert psutil.pid_exists(engine)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert not psutil.pid_exists(engine)


def test_what_was_copied_does_not_crash_the_end(tmp_path: Path) -> None:
    action = (
        "from imagefinder.ui.services.file_mime import mime_of_copied_files as mime; "
        "application._app.clipboard().setMimeData(mime([Path('/tmp/a.png')])); application._window.close()"
    )
    with _started(tmp_path, action) as process:
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
