"""Tests of the whole window with a real engine process: actions of users, and failures during them."""

import base64
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import save
from helpers import deadly_engine, troubled_engine
from helpers.engine_window import EngineWindow, button, site, top_level
from helpers.fakes import pdf, picture
from helpers.program import ROOT
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.ipc.client.engine_process import Target
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog
from imagefinder.ui.services.engine_client import EngineState
from imagefinder.ui.window.crash_dialog import CrashDialog

MANY = 40

OpenWindow = Callable[..., EngineWindow]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def open_window(qtbot: QtBot, library: Path) -> Iterator[OpenWindow]:
    """Function that opens windows on one library. Windows still open at the end of the test are closed."""
    windows: list[EngineWindow] = []

    def open_it(target: Target | None = None, **options: Any) -> EngineWindow:
        more = {"target": target} if target is not None else {}
        windows.append(EngineWindow(qtbot, library, **more, **options))
        return windows[-1]

    yield open_it
    for window in windows:
        if window.client.engine.state is not EngineState.STOPPED:
            window.close()


@pytest.fixture
def many(folder: Path) -> Path:
    """Fill a folder with forty pictures and return it."""
    for number in range(MANY):
        save(picture("teal", number), folder / f"{number:02}.png")
    return folder


@pytest.fixture
def window(open_window: OpenWindow, three_pictures: Path) -> EngineWindow:
    """Window on a library of a red, a green and a blue picture, all indexed."""
    opened = open_window()
    opened.add(three_pictures)
    opened.until(lambda: opened.items == 3)
    opened.settle()
    return opened


def _png(colour: str) -> bytes:
    data = BytesIO()
    picture(colour).save(data, "PNG")
    return data.getvalue()


def _mime(**formats: bytes | str) -> QMimeData:
    """Return MIME data with formats given by name, with ``__`` for a slash and ``_`` for a hyphen."""
    made = QMimeData()
    for name, data in formats.items():
        kind = name.replace("__", "/").replace("_", "-")
        made.setData(kind, data.encode() if isinstance(data, str) else data)
    return made


def test_from_the_first_page_to_the_first_hits(
    open_window: OpenWindow, three_pictures: Path, qtbot: QtBot
) -> None:
    pdf(three_pictures / "letter.pdf", ["dear reader", "yours truly"])
    window = open_window()
    main = window.window
    window.until(lambda: window.items == 0)
    assert main.welcome.isVisible()
    assert not main.panel.isVisible()

    window.add(three_pictures)

    window.until(lambda: window.items == 5)
    window.settle()
    assert main.panes.isVisible()
    assert main.panel.isVisible()
    assert [main.panel.model.source(row).source.path for row in range(main.panel.model.rowCount())] == [
        three_pictures
    ]
    assert main.panel.job_bar.text() == "4 indexed"

    window.type("red")
    window.until(lambda: window.names()[:1] == ["red.png"])
    window.until(window.thumbnails_stand)
    window.type("yours truly")
    window.until(lambda: window.names()[:1] == ["letter.pdf"])
    assert window.pane.model.hit(0).part == 2
    assert window.states == [EngineState.STARTING, EngineState.RUNNING]


def test_whatever_a_browser_lets_go_over_a_pane_is_searched_by(window: EngineWindow, tmp_path: Path) -> None:
    save(picture("red"), tmp_path / "mine.png")
    image = QImage(48, 36, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    as_image = QMimeData()
    as_image.setImageData(image)
    inside = "data:image/png;base64," + base64.b64encode(_png("#fe0000")).decode()
    window.settings_store.change(fetch_local_addresses=True)
    with site(_png("#fd0000")) as address:
        as_address = QMimeData()
        as_address.setUrls([QUrl(f"{address}/safari.png")])
        kinds = {
            "a file": _mime(text__uri_list=(tmp_path / "mine.png").as_uri()),
            "image data": as_image,
            "png data beside an address": _mime(
                text__x_moz_url="https://x.example/\nx".encode("utf-16-le"), image__png=_png("#fc0000")
            ),
            "a picture inside the address": _mime(text__html=f'<img src="{inside}">'),
            "firefox": _mime(
                text__x_moz_url=f"{address}/page\nAbout".encode("utf-16-le"),
                application__x_moz_file_promise_url=f"{address}/firefox.png".encode("utf-16-le"),
                text__html=f'<a href="{address}/page"><img src="{address}/firefox.png"></a>',
                text__plain=f"{address}/page",
            ),
            "chromium": _mime(
                text__uri_list=f"{address}/page", text__html=f'<img src="{address}/chromium.png?a=1&amp;b=2">'
            ),
            "safari": as_address,
        }
        for kind, mime in kinds.items():
            window.pane.bar.clear()
            assert window.names() == [], kind
            window.drop(mime)
            window.until(lambda: len(window.pane.bar.terms()) == 1)
            window.until(lambda: window.names())
            assert window.names()[0] == "red.png", kind
            window.until(window.thumbnails_stand)
    assert window.window.notices.texts() == []


def test_an_address_in_the_local_network_is_not_fetched_and_that_is_said(window: EngineWindow) -> None:
    with site(_png("red")) as address:
        mime = QMimeData()
        mime.setUrls([QUrl(f"{address}/red.png")])
        window.drop(mime)
        window.until(lambda: window.window.notices.texts())
    assert "Settings > Network" in window.window.notices.texts()[0]
    assert window.pane.state().is_empty


def test_a_folder_let_go_over_a_pane_is_offered_for_adding(window: EngineWindow, tmp_path: Path) -> None:
    save(picture("orange"), tmp_path / "more" / "orange.png")
    before = window.pane.state()
    window.drop(_mime(text__uri_list=(tmp_path / "more").as_uri()))
    window.window.findChild(AddFolderDialog).accept()
    window.until(lambda: window.items == 4)
    assert window.pane.state() == before


def test_each_pane_has_its_own_query_and_results(window: EngineWindow) -> None:
    first = window.pane
    window.type("red")
    window.window.new_pane()
    second = window.pane
    window.type("green")
    window.window.split()
    third = window.pane
    window.type("blue")
    window.until(lambda: all(window.names(pane) for pane in (first, second, third)))
    assert [window.names(pane)[0] for pane in (first, second, third)] == ["red.png", "green.png", "blue.png"]

    # "Find similar" searches by the selected picture only, and excludes it from the results.
    window.choose("green.png", second)
    window.press(Qt.Key.Key_S, second)
    window.until(lambda: sorted(window.names(second)) == ["blue.png", "red.png"])
    assert second.bar.text() == ""
    assert [term.label for term in second.bar.terms()] == ["green.png"]
    assert [window.names(pane)[0] for pane in (first, third)] == ["red.png", "blue.png"]


def test_a_late_answer_to_an_old_query_never_shows(
    open_window: OpenWindow, three_pictures: Path, library: Path
) -> None:
    window = open_window(troubled_engine.thinks_long_about_red)
    window.add(three_pictures)
    window.until(lambda: window.items == 3)
    window.settle()
    pane, received, shown = window.pane, [], []
    window.client.hits_received.connect(lambda hits: received.append(hits.hits[0].path.name))
    pane.model.modelReset.connect(lambda: shown.append(window.names()[:1]))

    window.type("red")
    window.until(library.with_name("thinking").exists)
    window.type("blue")
    window.until(lambda: pane.search.is_waiting and pane.search._question[0].text == "blue")  # type: ignore[index]
    library.with_name("thought").touch()
    window.until(lambda: window.names()[:1] == ["blue.png"])

    # The late answer arrived but was not shown.
    assert received == ["red.png", "blue.png"]
    assert ["red.png"] not in shown


def test_what_is_indexed_is_found_while_the_work_is_paused_and_going_on_ends_it(
    open_window: OpenWindow, many: Path
) -> None:
    window = open_window(deadly_engine.is_slow)
    window.add(many)
    window.until(lambda: 0 < window.items < MANY)
    window.window.actions_.pause.trigger()
    window.until(lambda: window.client.job.status.state is JobState.PAUSED)
    assert window.window.actions_.pause.text() == "Resume indexing"
    assert window.window.panel.job_bar.text().startswith("Paused")

    window.drop(_mime(text__uri_list=(many / "00.png").as_uri()))
    window.until(lambda: window.names())
    paused_at = len(window.names())
    assert 0 < paused_at < MANY
    window.window.actions_.pause.trigger()
    window.until(lambda: window.items == MANY)

    # New results are added automatically. The query picture is not among them.
    window.until(lambda: len(window.names()) == MANY - 1)
    window.settle()
    assert len(set(window.names())) == MANY - 1
    assert window.window.panel.job_bar.text() == f"{MANY} indexed"


def test_an_engine_killed_in_the_middle_of_indexing_and_of_a_search_is_replaced(
    open_window: OpenWindow, many: Path, library: Path
) -> None:
    window = open_window(deadly_engine.is_slow, index_at_start=False)
    window.add(many)
    window.until(lambda: 0 < window.items < MANY)
    # While suspended, it cannot answer before it is killed.
    psutil.Process(window.client.pid).suspend()
    window.drop(_mime(text__uri_list=(many / "00.png").as_uri()))
    window.kill_engine()

    assert window.client.engine.state is EngineState.RESTARTING
    (notice,) = window.window.notices.texts()
    assert "Nothing is lost" in notice
    window.until(lambda: window.names())
    window.until(lambda: window.items == MANY)
    window.settle()
    window.until(lambda: len(window.names()) == MANY - 1)
    assert len(set(window.names())) == MANY - 1
    # The notice may have timed out by now. There were no others.
    assert set(window.window.notices.texts()) <= {notice}
    window.close()
    with closing(sqlite3.connect(library / "library.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_kills_the_engine_is_listed_and_all_others_are_found(
    open_window: OpenWindow, folder: Path
) -> None:
    for number in range(6):
        save(picture("gray", number), folder / f"gray {number}.png")
    save(picture("red"), folder / "killer.png")
    window = open_window(deadly_engine.dies_of_killers)
    window.add(folder)
    window.until(lambda: window.items == 6 and window.unreadable == 1)
    window.settle()

    panel = window.window.panel
    panel.show_unreadable(panel.model.source(0))
    dialog = panel.findChild(UnreadableDialog)
    window.until(dialog.files)
    (file,) = dialog.files()
    assert file.path.name == "killer.png"
    assert file.reason
    dialog.close()
    window.type("gray")
    window.until(lambda: len(window.names()) == 6)
    assert EngineState.BROKEN not in window.states


def test_after_three_deaths_there_is_a_report_and_trying_again_works(
    open_window: OpenWindow, library: Path, three_pictures: Path
) -> None:
    window = open_window(troubled_engine.dies_until_mended)
    window.add(three_pictures)
    window.until(lambda: window.client.engine.state is EngineState.BROKEN)
    assert window.states.count(EngineState.RESTARTING) == 2
    dialog = window.window.findChild(CrashDialog)
    assert dialog.isVisible()
    button(dialog, "Copy report").click()  # type: ignore[arg-type]
    report = QGuiApplication.clipboard().text()
    QGuiApplication.clipboard().clear()
    assert "SIGABRT" in report
    for private in (Path.home(), library, three_pictures):
        assert str(private) not in report

    # The request to add may have been carried out in part, so it is not repeated, but the user is informed.
    assert any("Try it again" in text for text in window.window.notices.texts())

    library.with_name("mended").touch()
    button(dialog, "Try again").click()  # type: ignore[arg-type]
    window.until(lambda: window.client.engine.state is EngineState.RUNNING)
    assert top_level(CrashDialog) == []
    window.add(three_pictures)
    window.until(lambda: window.items == 3)
    window.settle()
    window.type("red")
    window.until(lambda: window.names()[:1] == ["red.png"])


def test_closing_in_the_middle_of_indexing_leaves_no_engine_and_a_sound_library(
    open_window: OpenWindow, many: Path, library: Path
) -> None:
    window = open_window(deadly_engine.is_slow)
    window.add(many)
    window.until(lambda: 0 < window.items < MANY)
    engine = window.client.pid
    assert engine is not None

    assert window.close(), "the engine had to be killed"

    assert not psutil.pid_exists(engine)
    assert not list(library.glob("*-wal")), "there was no clean checkpoint"
    again = open_window()
    again.until(lambda: again.items == MANY)
    again.settle()
    again.drop(_mime(text__uri_list=(many / "00.png").as_uri()))
    again.until(lambda: len(again.names()) == MANY - 1)


def test_what_is_hidden_is_gone_in_all_panes_and_comes_back_where_it_is_asked_for(
    window: EngineWindow,
) -> None:
    first = window.pane
    window.type("red")
    window.window.split()
    second = window.pane
    window.type("red or green")
    window.until(lambda: "red.png" in window.names(first) and "red.png" in window.names(second))
    window.choose("red.png", first)

    window.press(Qt.Key.Key_H, first)

    assert "red.png" not in window.names(first)
    window.until(lambda: "red.png" not in window.names(second))
    assert "green.png" in window.names(second)
    second.show_hidden(True)
    window.until(lambda: "red.png" in window.names(second))
    assert "red.png" not in window.names(first)
    window.choose("red.png", second)
    assert second.view.chosen()[0].hidden
    window.press(Qt.Key.Key_H, second)
    window.until(lambda: "red.png" in window.names(first))


def test_a_source_that_is_forgotten_leaves_library_and_results(
    window: EngineWindow, three_pictures: Path, tmp_path: Path
) -> None:
    save(picture("red", 1), tmp_path / "other" / "red too.png")
    window.add(tmp_path / "other")
    window.until(lambda: window.items == 4)
    window.settle()
    window.type("red")
    window.until(lambda: {"red.png", "red too.png"} <= set(window.names()))

    panel = window.window.panel
    panel.list.select(three_pictures)
    panel.list.forget_wanted.emit([panel.list.current()])
    button(panel.remove_bar, "Remove").click()

    window.until(lambda: window.items == 1)
    window.until(lambda: window.names() == ["red too.png"])
    assert panel.model.rowCount() == 1
    assert any("not touched" in text for text in window.window.notices.texts())
    assert (three_pictures / "red.png").exists()


def test_an_unreadable_file_that_was_mended_is_read_when_it_is_tried_again(
    window: EngineWindow, three_pictures: Path
) -> None:
    broken = three_pictures / "broken.png"
    broken.write_bytes(b"no picture at all")
    window.window.actions_.rescan.trigger()
    window.until(lambda: window.unreadable == 1)
    window.settle()
    window.window.show_unreadable()
    dialog = window.window.findChild(UnreadableDialog)
    window.until(lambda: [file.path for file in dialog.files()] == [broken])

    save(picture("yellow"), broken)
    button(dialog, "Retry all").click()  # type: ignore[arg-type]

    window.until(lambda: window.items == 4 and window.unreadable == 0)
    window.until(lambda: not dialog.files())
    dialog.close()
    window.type("broken")
    window.until(lambda: window.names()[:1] == ["broken.png"])


_HOLDS_THE_LIBRARY = """
import sys
from pathlib import Path
from imagefinder.readers import reader_registry
from imagefinder.__main__ import main
real = reader_registry.open_media
def open_media(path, *content):
    print("at work", flush=True)
    sys.stdin.read()
    return real(path, *content)
from imagefinder.engine.indexing import decode_pool
decode_pool.open_media = open_media
sys.argv = ["imagefinder", *sys.argv[1:]]
main()
"""


def test_a_library_that_another_process_indexes_is_said_and_gone_on_with_later(
    open_window: OpenWindow, three_pictures: Path, tmp_path: Path, library: Path
) -> None:
    window = open_window(troubled_engine.tries_again_soon)
    window.until(lambda: window.items == 0)
    save(picture("pink"), tmp_path / "theirs" / "pink.png")
    script = tmp_path / "holds.py"
    script.write_text(_HOLDS_THE_LIBRARY)
    command = [sys.executable, script, "--library", library, "--model", "builtin", "add", tmp_path / "theirs"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command,  # type: ignore[arg-type]
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == b"at work\n"
        window.add(three_pictures)
        bar = window.window.panel.job_bar
        window.until(lambda: "searching works meanwhile" in bar.text())
        assert window.window.panel.isVisible()
        other.stdin.close()
        other.wait(30)

        window.until(lambda: window.items == 4)
    window.settle()
    assert "searching works meanwhile" not in bar.text()
    window.type("blue")
    window.until(lambda: window.names()[:1] == ["blue.png"])


def test_the_preview_turns_the_pages_of_a_pdf_with_the_words_marked(
    window: EngineWindow, three_pictures: Path
) -> None:
    pdf(three_pictures / "letter.pdf", ["dear reader", "yours truly", "no such words", "truly the end"])
    window.window.actions_.rescan.trigger()
    window.until(lambda: window.items == 7)
    window.settle()
    window.type("truly")
    window.until(lambda: window.names()[:1] == ["letter.pdf"])
    hit = window.pane.model.hit(0)
    window.choose("letter.pdf")
    window.press(Qt.Key.Key_Space)

    preview = window.window.preview
    window.until(lambda: preview._shown is not None)
    assert preview.isVisible()
    seen = {}
    preview.turn_page(1 - hit.part)
    for part in (1, 2, 3, 4):
        window.until(lambda part=part: preview._shown is not None and preview.hit.part == part)  # type: ignore[misc]
        seen[part] = len(preview._canvas._marks)
        assert preview._shown.picture is not None
        preview.turn_page(1)
    assert seen == {1: 0, 2: 1, 3: 0, 4: 1}
    # This was the last page.
    assert preview.hit.part == 4
    preview.close()
