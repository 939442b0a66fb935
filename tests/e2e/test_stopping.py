"""The program can be searched, stopped and killed whatever its decoders do."""

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
from helpers.fakes import picture
from helpers.hostile_files import endless_page, misbehaving_program
from helpers.program import Program

from imagefinder import ImageFinder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
_ENDS_IN_S = 10.0
"""An idle machine needs 3 s."""


@contextmanager
def _adding(program: Program, folder: Path, *, until_items: int = 0) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the program on a folder. Yields once it has a decoder process and has committed ``until_items`` items."""
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
    """Folder with a page that never ends and a file that hangs its decoder."""
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


@pytest.mark.parametrize(
    ("member", "number"),
    [
        pytest.param("encode_images", signal.SIGTERM, id="at a batch, by SIGTERM"),
        # Nothing is committed yet.
        pytest.param("load_images", signal.SIGINT, id="at the model, by one Ctrl-C"),
    ],
)
def test_a_program_that_hangs_outside_of_decoders_ends_by_a_signal_too(
    program: Program, folder: Path, tmp_path: Path, member: str, number: signal.Signals
) -> None:
    save(picture("red"), folder / "a.png")
    script = tmp_path / "stuck.py"
    script.write_text(
        "import sys, time\n"
        "from imagefinder.embedders.colour.builtin import BuiltinEmbedder\n"
        "def stuck(*_arguments):\n"
        "    print('at work', flush=True)\n"
        "    time.sleep(600)\n"
        f"BuiltinEmbedder.{member} = stuck\n"
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
        process.send_signal(number)
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


@pytest.mark.parametrize("module", ["imagefinder.cli.main", "imagefinder.cli.commands.search"])
def test_ctrl_c_in_the_midst_of_an_import_is_no_traceback(
    program: Program, folder: Path, tmp_path: Path, module: str
) -> None:
    save(picture("red"), folder / "a.png")
    assert program.run("add", folder).status == 0
    script = tmp_path / "importing.py"
    script.write_text(
        "import signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_arguments):\n"
        f"        if name == {module!r}:\n"
        "            try:\n"
        "                signal.raise_signal(signal.SIGINT)\n"
        "            except KeyboardInterrupt:\n"
        "                print('a library was interrupted', flush=True)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from imagefinder.__main__ import main\n"
        "sys.exit(main())\n"
    )
    program.entry = (str(script),)
    done = program.run("search", "red")
    assert (done.status, done.out) == (130, b"")
    said = [] if module.endswith("main") else ["imagefinder: Stopped. What was indexed is kept"]
    assert [line.split(";")[0] for line in done.errors] == said


def test_ctrl_c_does_not_reach_the_engine_that_is_being_started(tmp_path: Path) -> None:
    code = (
        "import multiprocessing, signal, subprocess, sys\n"
        "from imagefinder.ipc.client.engine_process import _ctrl_c_held_back\n"
        "multiprocessing.get_context('spawn')\n"
        "with _ctrl_c_held_back():\n"
        "    child = subprocess.run([sys.executable, '-c', 'import os, signal; os.kill(os.getpid(), signal.SIGINT)'])\n"
        "assert child.returncode == 0\n"
        "assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
