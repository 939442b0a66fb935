"""Terminals, pipes, signals, and concurrent processes."""

import os
import pty
import select
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture
from helpers.program import Program

MANY = 100


@pytest.fixture
def many(folder: Path) -> Path:
    """Folder with enough pictures to keep the program busy for several seconds."""
    save(picture("gray", 1, (2000, 1500)), folder / "0.png")
    content = (folder / "0.png").read_bytes()
    for number in range(1, MANY):
        # Bytes after the end of a PNG change only its hash. Such files are quick to create, and each one is
        # decoded.
        (folder / f"{number}.png").write_bytes(content + b"%d" % number)
    return folder


def in_terminal(program: Program, *arguments: str | Path) -> tuple[int, bytes]:
    """Run the program in a pseudo-terminal of 100 columns. Return its status and everything displayed."""
    parent, child = pty.openpty()
    environment = program.environment | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        program.command(*arguments), env=environment, stdout=child, stderr=child, stdin=child
    )
    os.close(child)
    shown = b"".join(_read_all(parent))
    os.close(parent)
    return process.wait(timeout=60), shown


def items_of(program: Program) -> int:
    """Return the number of items in the library, read from the database because ``status`` would take too long."""
    try:
        database = sqlite3.connect(f"{(program.library / 'library.db').as_uri()}?mode=ro", uri=True)
        with closing(database):
            return int(database.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.OperationalError:  # the database does not exist yet
        return 0


def _read_all(descriptor: int) -> Iterator[bytes]:
    while select.select([descriptor], [], [], 60)[0]:
        try:
            content = os.read(descriptor, 65536)
        except OSError:  # the other end is closed
            return
        if not content:
            return
        yield content


def test_a_terminal_shows_a_progress_bar_and_a_pipe_none(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    status, shown = in_terminal(program, "--library", tmp_path / "other", "add", three_pictures)
    assert status == 0
    assert b"Indexing" in shown
    assert b"3/3" in shown
    assert b"3 indexed" in shown
    assert b"mistake" not in shown
    piped = program.run("add", three_pictures)
    for outcome in (
        piped,
        program.run("search", "red"),
        program.run("status"),
        program.run("models", "list"),
    ):
        assert b"\x1b" not in outcome.out + outcome.err
        assert b"\r" not in outcome.out + outcome.err
    assert b"Indexing" not in piped.err


def test_paths_are_harmless_on_a_terminal_and_exact_in_a_pipe(program: Program, three_pictures: Path) -> None:
    strange = os.fsencode(three_pictures) + b"/\x1b[31mred\x07\r\n\xe2\x80\xae\xff.png"
    (three_pictures / "red.png").rename(os.fsdecode(strange))
    program.run("add", three_pictures)
    words = ("search", "red", "--limit", "1", "--paths")
    assert program.run(*words).out == strange + b"\n"
    assert program.run(*words, "-0").out == strange + b"\0"
    assert program.run(*words, extra={"FORCE_COLOR": "1"}).out == strange + b"\n"

    shown = in_terminal(program, *words)[1]
    assert rb"\x1b[31mred\x07\r\n\u202e\xff.png" in shown
    assert b"\x1b[31mred" not in shown
    assert b"\x07" not in shown
    assert strange + b"\0" in in_terminal(program, *words, "-0")[1].replace(b"\r\r\n", b"\r\n")


@pytest.mark.parametrize("words", [("status",), ("search", "red"), ("add", "/nowhere/\x1b[31m\x07\u202e")])
def test_no_name_steers_a_terminal(program: Program, three_pictures: Path, words: tuple[str, ...]) -> None:
    strange = three_pictures / "\x1b[31mred\x07\u202e"
    strange.mkdir()
    (three_pictures / "red.png").rename(strange / "\x9b2J red.png")
    (strange / "\x1b]0;title\x07.png").write_bytes(b"no picture")
    program.run("add", strange)
    shown = in_terminal(program, *words)[1].decode()
    assert not any(each in shown for each in ("\x1b[31m", "\x1b]0", "\x07", "\u202e", "\x9b"))
    assert "\\x1b[31m" in shown


def test_ctrl_c_keeps_what_was_indexed_and_the_next_run_goes_on(program: Program, many: Path) -> None:
    process = program.start("add", many)
    while process.poll() is None and items_of(program) < 32:
        time.sleep(0.005)
    assert process.poll() is None, "it was over before it could be stopped"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    (line,) = errors.decode().splitlines()
    assert line.startswith("imagefinder: Stopped")
    kept = program.run("status", "--json").json["items"]
    assert 32 <= kept < MANY
    left = f"{MANY - kept} files not yet read: imagefinder index goes on."
    assert line.endswith(left)
    assert program.run("search", "red").errors[-1] == left
    assert left[:-1].replace(" files", "") in " ".join(program.run("status").out.decode().split())
    (source,) = program.run("status", "--json").json["sources"]
    assert (source["pending"], source["scan_complete"]) == (MANY - kept, True)
    outcome = program.run("index")
    assert f"{MANY - kept} indexed, {kept} unchanged" in outcome.errors[-1]
    assert program.run("status", "--json").json["items"] == MANY
    assert program.run("status", "--json").json["sources"][0]["pending"] == 0
    assert "not yet read" not in program.run("search", "red").err.decode()


@pytest.mark.parametrize("form", [[], ["--json"], ["--paths"]])
def test_a_reader_that_has_had_enough_causes_no_fuss(
    program: Program, three_pictures: Path, form: list[str]
) -> None:
    program.run("add", three_pictures)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            program.command("search", "red", *form),
            env=program.environment,
            stdout=closed,
            stderr=subprocess.PIPE,
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_one_process_searches_while_another_indexes(
    program: Program, many: Path, three_pictures: Path, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "first" / "scarlet.png")
    program.run("add", tmp_path / "first")
    for number in range(60, MANY):
        (many / f"{number}.png").unlink()
    process = program.start("add", many)
    searches = 0
    while process.poll() is None:
        outcome = program.run("search", "scarlet", "--json", "-n", "3")
        assert outcome.status == 0, outcome
        assert outcome.found[0] == "scarlet.png"
        searches += 1
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert searches >= 2


def test_a_name_may_hold_any_character_of_any_terminal(indexed: Program, folder: Path) -> None:
    save(picture("red", 3), folder / "日本.png")
    indexed.run("index")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    for arguments in (["search", "red"], ["status"]):
        assert indexed.run(*arguments, extra=plain).status == 0
