"""A file that brings the whole program down is found and left alone; its neighbours are indexed."""

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from fakes import pdf, picture
from program import Program

from imagefinder.engine.engine import Engine
from imagefinder.model.sources import SourceOptions

# The program, with a decoder that dies of files called killer-something, as a crashing C library does.
DYING = """
import os, sys
from pathlib import Path
from imagefinder.engine import decoding
real = decoding.open_media
def open_media(path: Path, *content):
    if path.name.startswith("killer"):
        os.abort()
    return real(path, *content)
decoding.open_media = open_media
from imagefinder.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def _run(program: Program, *arguments: str | Path) -> int:
    command = [sys.executable, "-c", DYING, "--library", str(program.library), *map(str, arguments)]
    return subprocess.run(command, env=program.environment, capture_output=True, timeout=60).returncode


@pytest.fixture
def with_killer(folder: Path) -> Path:
    """A folder of thirty pictures, and one that kills."""
    for number in range(30):
        save(picture("gray", number), folder / f"{number:02}.png")
    save(picture("red"), folder / "killer.png")
    return folder


def test_a_file_that_kills_the_program_is_left_alone_after_three_times(
    program: Program, with_killer: Path
) -> None:
    statuses = [_run(program, "add", with_killer) for _ in range(4)]
    assert [status < 0 for status in statuses] == [True, True, True, False]
    status = program.run("status", "--json").json
    assert status["items"] == 30
    (unreadable,) = status["unreadable"]
    assert unreadable["path"].endswith("killer.png")
    assert "the program ended" in unreadable["reason"]
    # It changes, and is read again.
    save(picture("blue"), with_killer / "killer.png")
    assert program.run("index").status == 0
    assert program.run("status", "--json").json["unreadable"] == []


def test_from_the_second_time_on_its_neighbours_are_indexed_first(
    program: Program, with_killer: Path
) -> None:
    for _ in range(2):
        assert _run(program, "add", with_killer) < 0
    assert program.run("status", "--json").json["items"] == 30


def test_an_innocent_file_in_hand_at_a_death_is_indexed_and_cleared(
    open_engine: OpenEngine, tmp_path: Path, folder: Path
) -> None:
    save(picture("red"), folder / "red.png")
    pdf(folder / "long.pdf", [f"page {number}" for number in range(20)])
    engine = open_engine()
    engine.index()  # makes the library
    note = tmp_path / "library" / "in-hand"
    digests = [_digest(path) for path in sorted(folder.iterdir())]
    note.write_bytes(b"".join(digests) + bytes(32))
    assert engine.add([folder], SourceOptions()).indexed == 2
    assert engine.status().items == 21
    assert not note.exists()
    assert _suspects(engine) == {}


def test_a_note_that_was_cut_short_is_read_as_far_as_it_goes(
    open_engine: OpenEngine, tmp_path: Path, three_pictures: Path
) -> None:
    engine = open_engine()
    engine.index()
    (tmp_path / "library" / "in-hand").write_bytes(b"\1" * 40)
    assert engine.add([three_pictures], SourceOptions()).indexed == 3


def _digest(path: Path) -> bytes:
    import hashlib

    return hashlib.sha256(path.read_bytes()).digest()


def _suspects(engine: Engine) -> dict[bytes, int]:
    return engine._store.suspects.all()
