"""One window for each library."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from imagefinder.ui.single_instance import SingleInstance

# A second start, in a process of its own: both wait for each other's answer.
_SECOND = """
import sys
import tempfile
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from imagefinder.ui.single_instance import SingleInstance
app = QCoreApplication([])
is_first = SingleInstance(Path(sys.argv[1])).claim([Path(each) for each in sys.argv[2:]], "a dog", "token")
print("first" if is_first else "second", flush=True)
"""


@pytest.fixture
def first(qtbot: QtBot, tmp_path: Path):
    made = SingleInstance(tmp_path / "library")
    yield made
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


def test_nonsense_on_the_socket_raises_the_window_all_the_same(qtbot: QtBot, first: SingleInstance) -> None:
    with qtbot.waitSignal(first.started_again) as heard:
        first._understand(b"[1, 2\n")

    assert heard.args == [[], "", ""]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere the system keeps users apart")
def test_it_listens_where_no_other_user_can(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory() as own:  # short: a socket's path has a limit
        monkeypatch.setenv("XDG_RUNTIME_DIR", own)
        made = SingleInstance(tmp_path / "library")
        assert made.claim()
        assert len(list(Path(own).iterdir())) == 1
        assert _start(tmp_path / "other").communicate(timeout=20)[0] == "first\n"
        made.close()
        made.deleteLater()
