"""Tests of the single instance for each library."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from imagefinder.ui.app import single_instance
from imagefinder.ui.app.single_instance import SingleInstance, understood

# A second start in a separate process, because both sides wait for each other.
_SECOND = """
import sys
import tempfile
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from imagefinder.ui.app.single_instance import SingleInstance
app = QCoreApplication([])
is_first = SingleInstance(Path(sys.argv[1])).claim([Path(each) for each in sys.argv[2:]], "a dog", "token")
print("first" if is_first else "second", flush=True)
"""


@pytest.fixture
def first(qtbot: QtBot, tmp_path: Path) -> Iterator[None]:
    made = SingleInstance(tmp_path / "library")
    yield made  # type: ignore[misc]
    made.close()
    made.deleteLater()


def _start(library: Path, *paths: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _SECOND, str(library), *paths], stdout=subprocess.PIPE, text=True
    )


def test_a_second_start_hands_its_paths_to_the_first_window(
    qtbot: QtBot, first: SingleInstance, tmp_path: Path
) -> None:
    assert first.claim()

    with qtbot.waitSignal(first.started_again, timeout=20_000) as heard:
        second = _start(tmp_path / "library", "/pictures/猫.jpg", "/holiday")

    assert second.communicate(timeout=20)[0] == "second\n"
    assert heard.args == [[Path("/pictures/猫.jpg"), Path("/holiday")], "a dog", "token"]


def test_another_library_has_a_window_of_its_own(first: SingleInstance, tmp_path: Path) -> None:
    assert first.claim()

    assert _start(tmp_path / "other").communicate(timeout=20)[0] == "first\n"


def test_what_a_killed_window_left_behind_is_no_window(first: SingleInstance, tmp_path: Path) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", _SECOND + "\nimport time\ntime.sleep(60)", str(tmp_path / "library")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "first\n"
        killed.kill()

    assert first.claim()


def message(**said: object) -> bytes:
    return json.dumps({"paths": [], "token": ""} | said).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe\x00\x80 garbage",
        b"[1, 2",
        b"3",
        b"null",
        b'"paths"',
        b"{}",
        b"[" * 100_000,
        b'{"paths": ' + b"[" * 50_000 + b"]" * 50_000 + b', "token": ""}',
        b'{"paths": [], "token": ' + b"9" * 10_000 + b"}",
        b'{"paths": ["/a"]}',
        b'{"token": ""}',
        message(paths="/pictures"),
        message(paths={"/pictures": 1}),
        message(paths=[1, None, {}]),
        message(paths=[["/pictures"]]),
        message(paths=["/pictures", ""]),
        message(paths=["../../etc"]),
        message(paths=["/pictures/a\0b"]),
        message(paths=["/pictures/\ud800"]),
        message(paths=["/" + "a" * 40_000]),
        message(token=5),
        message(query=5),
        message(query=["a dog"]),
        message(query="x" * 20_001),
        message(token=None),
        message(token=["x"]),
        message(token="a\nb"),
        message(token="a\0b"),
        message(token="\x1b[31m"),
        message(token="x" * 2000),
    ],
)
def test_what_is_no_message_is_not_understood(text: bytes) -> None:
    with pytest.raises(ValueError):
        understood(text)


def test_a_name_that_is_no_text_comes_through() -> None:
    assert understood(message(paths=["/pictures/\udcff.jpg"], token="T-1_x"))[0] == [
        Path("/pictures/\udcff.jpg")
    ]


@pytest.fixture
def connect(qtbot: QtBot, first: SingleInstance) -> Iterator[Callable[[bytes], QLocalSocket]]:
    """Function that opens a connection to the first instance and sends a text on it."""
    assert first.claim()
    made = []

    def to_first(text: bytes) -> QLocalSocket:
        socket = QLocalSocket()
        socket.connectToServer(first._name)
        assert socket.waitForConnected(5000)
        socket.write(text)
        socket.flush()
        made.append(socket)
        return socket

    yield to_first
    for socket in made:
        socket.abort()


def test_nonsense_on_the_socket_is_ignored_with_a_line_in_the_log(
    qtbot: QtBot,
    first: SingleInstance,
    connect: Callable[[bytes], QLocalSocket],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with qtbot.assertNotEmitted(first.started_again):
        socket = connect(b"[1, 2\n")
        qtbot.waitUntil(lambda: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)

    assert bytes(socket.readAll().data()) == b""
    assert "is ignored" in caplog.text


def test_a_message_without_end_is_cut_off(
    qtbot: QtBot,
    first: SingleInstance,
    connect: Callable[[bytes], QLocalSocket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(single_instance, "_MOST_BYTES", 1000)
    with qtbot.assertNotEmitted(first.started_again):
        socket = connect(b"x" * 100_000)
        qtbot.waitUntil(lambda: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)


def test_half_a_message_holds_its_place_for_a_moment_only(
    qtbot: QtBot,
    first: SingleInstance,
    connect: Callable[[bytes], QLocalSocket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(single_instance, "_SILENCE_MS", 50)
    with qtbot.assertNotEmitted(first.started_again):
        socket = connect(b'{"paths": [')
        qtbot.waitUntil(lambda: socket.state() == QLocalSocket.LocalSocketState.UnconnectedState)


def test_any_number_of_silent_connections_keeps_no_second_start_out(
    qtbot: QtBot, first: SingleInstance, connect: Callable[[bytes], QLocalSocket]
) -> None:
    for _ in range(100):
        connect(b"")
        qtbot.wait(10)

    with qtbot.waitSignal(first.started_again, timeout=20_000) as heard:
        connect(message(paths=["/holiday"]) + b"\n")

    assert heard.args == [[Path("/holiday")], "", ""]
    assert len(first._received) <= 16


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system keeps users apart")
def test_it_listens_where_no_other_user_can(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory() as own:  # a short path, because the path of a socket is limited
        monkeypatch.setenv("XDG_RUNTIME_DIR", own)
        made = SingleInstance(tmp_path / "library")
        assert made.claim()
        assert len(list(Path(own).iterdir())) == 1
        assert _start(tmp_path / "other").communicate(timeout=20)[0] == "first\n"
        made.close()
        made.deleteLater()
