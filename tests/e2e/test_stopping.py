"""Whatever a decoder does, the program can be searched, stopped and killed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from conftest import save
from fakes import picture
from hostile_files import endless_page, misbehaving_program
from program import Program

from imagefinder import ImageFinder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
_ENDS_IN_S = 10.0
"""Three on a machine that has nothing else to do."""


@contextmanager
def _adding(program: Program, folder: Path, *, until_items: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """The program at work on a folder, once it has a decoder and has committed so many items."""
    with subprocess.Popen(
        program.command("add", folder),
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            end = time.monotonic() + 60
            while not _decoders(process.pid) or (until_items and _items(program) < until_items):
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
            yield process
        finally:
            process.kill()


def _decoders(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children()


def _items(program: Program) -> int:
    done = program.run("status", "--json")
    return int(done.json["items"]) if done.status == 0 else 0


@pytest.fixture
def hostile(program: Program, folder: Path, tmp_path: Path) -> Path:
    """A folder with a page that never ends, and a file that its decoder hangs at."""
    program.environment["IMAGEFINDER_DECODER_SECONDS"] = "600"
    program.entry = misbehaving_program(tmp_path)
    (folder / "a.pdf").write_bytes(endless_page())
    save(picture("red"), folder / "hang.tif")
    save(picture("green"), folder / "green.png")
    save(picture("blue"), folder / "blue.jpg")
    return folder


def test_neighbours_are_committed_while_two_files_hang(program: Program, hostile: Path) -> None:
    with _adding(program, hostile, until_items=2):
        status = program.run("status", "--json").json
    assert status["items"] == 2
    assert status["unreadable"] == []


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGINT, signal.SIGINT]])
def test_a_signal_ends_it_in_the_midst_of_a_page(
    program: Program, hostile: Path, signals: list[signal.Signals]
) -> None:
    with _adding(program, hostile) as process:
        decoders = _decoders(process.pid)
        for number in signals:
            process.send_signal(number)
            time.sleep(0.05)
        _, err = process.communicate(timeout=_ENDS_IN_S)
    assert process.returncode == 130
    assert "Stopped" in err.decode()
    assert "Traceback" not in err.decode()
    _, left = psutil.wait_procs(decoders, timeout=5)
    assert left == []
    assert program.run("status", "--json").json["unreadable"] == []


def test_no_decoder_outlives_a_program_that_is_killed(program: Program, hostile: Path) -> None:
    with _adding(program, hostile) as process:
        decoders = _decoders(process.pid)
        assert decoders
        process.kill()
        process.wait(10)
    _, left = psutil.wait_procs(decoders, timeout=10)
    assert left == []


def test_a_program_that_hangs_outside_of_decoders_ends_by_a_signal_too(
    program: Program, folder: Path, tmp_path: Path
) -> None:
    save(picture("red"), folder / "a.png")
    script = tmp_path / "stuck.py"
    script.write_text(
        "import sys, time\n"
        "from imagefinder.embedders.builtin import BuiltinEmbedder\n"
        "def stuck(self, prepared):\n"
        "    print('at work', flush=True)\n"
        "    time.sleep(600)\n"
        "BuiltinEmbedder.encode_images = stuck\n"
        "from imagefinder.__main__ import main\n"
        "sys.exit(main())\n"
    )
    program.entry = (str(script),)
    with subprocess.Popen(
        program.command("add", folder),
        env=program.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"at work\n"
        process.terminate()
        _, err = process.communicate(timeout=_ENDS_IN_S)
    assert process.returncode == 130
    assert "What was indexed is kept" in err.decode()


def test_a_preview_and_a_query_by_a_hostile_file_end_with_a_sentence(
    program: Program, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endless.pdf").write_bytes(endless_page())
    program.environment["IMAGEFINDER_DECODER_SECONDS"] = "1"
    save(picture("red"), folder / "red.png")
    assert program.run("add", folder).status == 0
    done = program.run("search", "--image", tmp_path / "endless.pdf")
    assert done.status == 2
    (line,) = done.errors
    assert "cannot be used as a picture to search by: reading it took too long" in line

    monkeypatch.setenv("IMAGEFINDER_DECODER_SECONDS", "1")
    with ImageFinder.open(program.library) as finder:
        (hit,) = finder.search("red")
        (folder / "red.png").write_bytes(endless_page())
        shown = finder.engine.show(hit.item_id, folder=tmp_path / "previews")
    assert "took too long" in shown.problem
