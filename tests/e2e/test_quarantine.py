"""A file that crashes the program does so only once, and no other file is blamed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.deadly_engine import DYING_OF_KILLERS
from helpers.fakes import pdf, picture
from helpers.program import Program

from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine

# The program with a decoder that dies on files named ``killer*``, like a crashing C library.
DYING = """
import os, sys
from pathlib import Path
from imagefinder.engine.indexing import decode_pool
from imagefinder.isolation import starting
real = decode_pool.open_media
def open_media(path: Path, *content):
    if path.name.startswith("killer"):
        os.abort()
    return real(path, *content)
decode_pool.open_media = open_media
starting.BOOT = sys.argv.pop(1)
from imagefinder.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def _run(program: Program, *arguments: str | Path) -> int:
    command = [
        sys.executable,
        "-c",
        DYING,
        DYING_OF_KILLERS,
        "--library",
        str(program.library),
        *map(str, arguments),
    ]
    return subprocess.run(command, env=program.environment, capture_output=True, timeout=60).returncode


@pytest.fixture
def with_killer(folder: Path) -> Path:
    """Folder with thirty pictures and one file that crashes the decoder."""
    for number in range(30):
        save(picture("gray", number), folder / f"{number:02}.png")
    save(picture("red"), folder / "killer.png")
    return folder


def test_a_file_that_kills_the_program_is_then_read_by_another_process_and_blamed(
    program: Program, with_killer: Path
) -> None:
    statuses = [_run(program, "add", with_killer) for _ in range(2)]
    assert [status < 0 for status in statuses] == [True, False]
    status = program.run("status", "--json").json
    assert status["items"] == 30
    (unreadable,) = status["unreadable"]
    assert unreadable["path"].endswith("killer.png")
    assert unreadable["reason"] == "the decoder crashed on it"
    # A changed file is read again.
    save(picture("blue"), with_killer / "killer.png")
    assert program.run("index").status == 0
    assert program.run("status", "--json").json["unreadable"] == []


def test_a_long_pdf_that_the_program_is_killed_over_again_and_again_is_indexed_in_the_end(
    program: Program, folder: Path
) -> None:
    pdf(folder / "long.pdf", [f"page {number} of a long book" for number in range(150)])
    had = 0
    for _ in range(4):
        command = program.command("add", folder)
        with subprocess.Popen(
            command, env=program.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            # Wait until the program has continued beyond its earlier progress.
            while process.poll() is None and (now := _items(program)) <= had:
                time.sleep(0.05)
            process.kill()
        had = now
    assert program.run("add", folder).status == 0
    status = program.run("status", "--json").json
    assert status["items"] == 150
    assert status["unreadable"] == []


def _items(program: Program) -> int:
    done = program.run("status", "--json")
    return int(done.json["items"]) if done.status == 0 else 0


def test_an_innocent_file_in_hand_at_a_death_is_indexed_and_cleared(
    open_engine: OpenEngine, tmp_path: Path, folder: Path
) -> None:
    save(picture("red"), folder / "red.png")
    pdf(folder / "long.pdf", [f"page {number}" for number in range(20)])
    engine = open_engine()
    engine.jobs.index()  # creates the library
    note = tmp_path / "library" / "in-hand"
    digests = [_digest(path) for path in sorted(folder.iterdir())]
    note.write_bytes(b"".join(digests) + bytes(32))
    assert engine.jobs.add([folder], SourceOptions()).indexed == 2
    assert engine.status().items == 21
    assert not note.exists()
    assert _suspects(engine) == {}


def test_a_note_that_was_cut_short_is_read_as_far_as_it_goes(
    open_engine: OpenEngine, tmp_path: Path, three_pictures: Path
) -> None:
    engine = open_engine()
    engine.jobs.index()
    (tmp_path / "library" / "in-hand").write_bytes(b"\1" * 40)
    assert engine.jobs.add([three_pictures], SourceOptions()).indexed == 3


def _digest(path: Path) -> bytes:
    import hashlib

    return hashlib.sha256(path.read_bytes()).digest()


def _suspects(engine: Engine) -> dict[bytes, int]:
    return engine._store.suspects.all()
