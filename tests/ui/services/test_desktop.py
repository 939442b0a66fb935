"""Tests of opening files and showing them in their folders without blocking the window."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from imagefinder.ui.services import desktop as desktop_module
from imagefinder.ui.services import pdf_viewers
from imagefinder.ui.services.desktop import Desktop


@pytest.fixture
def desktop(qtbot: QtBot) -> Iterator[Desktop]:
    made = Desktop()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """URLs that the system was asked to open."""
    urls: list[str] = []

    def open_url(url: QUrl) -> bool:
        urls.append(bytes(url.toEncoded().data()).decode())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    return urls


def test_a_file_is_opened_by_the_systems_viewer(
    qtbot: QtBot, desktop: Desktop, opened: list[str], pictures: Path
) -> None:
    assert desktop.open(pictures / "red.png") == ""
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [(pictures / "red.png").as_uri()]


def test_a_file_that_is_gone_is_a_sentence(qtbot: QtBot, desktop: Desktop, opened: list[str]) -> None:
    with qtbot.waitSignal(desktop.problem) as said:
        desktop.open(Path("/nowhere/red.png"))
    assert "/nowhere/red.png" in said.args[0]
    assert opened == []


def test_a_file_on_a_drive_that_is_away_is_not_called_gone(
    qtbot: QtBot, desktop: Desktop, opened: list[str], pictures: Path
) -> None:
    for ask in (desktop.open, desktop.reveal):
        with qtbot.waitSignal(desktop.problem) as said:
            ask(Path("/nowhere/red.png"), is_offline=True)
        assert "red.png is on a drive that isn't connected" in said.args[0]
    # The drive may have been connected since the search.
    desktop.open(pictures / "red.png", is_offline=True)
    qtbot.waitUntil(lambda: bool(opened))


def test_no_program_for_a_file_is_a_sentence(
    qtbot: QtBot, desktop: Desktop, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    with qtbot.waitSignal(desktop.problem) as said:
        desktop.open(pictures / "red.png")
    assert "red.png" in said.args[0]


def test_without_a_file_manager_on_the_bus_the_folder_is_opened(
    qtbot: QtBot, desktop: Desktop, opened: list[str], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    assert desktop.reveal(pictures / "red.png") == ""
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [pictures.as_uri()]


def test_a_folder_is_revealed_by_opening_it(
    qtbot: QtBot, desktop: Desktop, opened: list[str], pictures: Path
) -> None:
    desktop.reveal(pictures)
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [pictures.as_uri()]


def test_a_drive_that_sleeps_does_not_hold_up_the_window(
    qtbot: QtBot, desktop: Desktop, opened: list[str], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    awake = Event()
    look = desktop_module._look

    def look_late(path: Path, part: int | None, is_offline: bool) -> object:
        awake.wait(10)
        return look(path, part, is_offline)

    monkeypatch.setattr(desktop_module, "_look", look_late)
    assert desktop.open(pictures / "red.png") == ""
    assert opened == []
    awake.set()
    qtbot.waitUntil(lambda: bool(opened))


@pytest.mark.parametrize(
    ("viewer", "expected"),
    [
        ("org.gnome.evince.desktop", ("/bin/evince", "--page-index=3", "/docs/a.pdf")),
        ("okularapplication_pdf.desktop", ("/bin/okular", "--page=3", "/docs/a.pdf")),
        ("firefox-esr.desktop", ("/bin/firefox", "file:///docs/a.pdf#page=3")),
        ("somebodys-own.desktop", ()),
        ("", ()),
    ],
)
def test_a_pdf_opens_at_its_page_where_the_viewer_takes_one(
    monkeypatch: pytest.MonkeyPatch, viewer: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(pdf_viewers.sys, "platform", "linux")
    monkeypatch.setattr(pdf_viewers, "_default_viewer", lambda: viewer)
    monkeypatch.setattr(pdf_viewers.shutil, "which", lambda name: f"/bin/{name}")
    assert pdf_viewers.command_for_page(Path("/docs/a.pdf"), 3) == expected


def test_after_closing_nothing_is_opened(desktop: Desktop, opened: list[str], pictures: Path) -> None:
    desktop.close()
    assert desktop.open(pictures / "red.png") != ""
    assert opened == []
