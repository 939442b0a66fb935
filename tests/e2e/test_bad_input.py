"""Damaged, odd and hostile files: they never stop a run, and are listed with reasons."""

import os
import re
import shutil
import struct
import zlib
from pathlib import Path

import pymupdf
import pytest
from conftest import save
from helpers.fakes import pdf, picture
from helpers.program import Program


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes whose header claims a size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 99))
        + chunk(b"IEND", b"")
    )


def encrypted_pdf(path: Path) -> None:
    with pymupdf.open() as document:
        document.new_page()
        document.save(path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="more")


GOOD = [
    "good.png",
    "good.jpg",
    "mislabelled.jpg",
    "good.pdf",
    "x" * 251 + ".png",
    "\U0001f600.png",
    "new\nline.png",
]
_NO_PIXEL = 300
"""Number of bytes that cut a JPEG within its tables. A JPEG cut later still has visible pixels."""
GOOD_BYTES = b"\xff\xfe latin \xe9.png"

BAD = {
    "truncated.jpg": "cut short",
    "truncated.png": "cut short",
    "empty.png": "empty",
    "empty.pdf": "empty",
    "garbage.jpg": "not a picture",
    "words.pdf": "not a PDF",
    "broken.pdf": "PDF is damaged",
    "bomb.png": "too large",
    "encrypted.pdf": "password",
    "pipe.png": "pipe",
    "dangling.png": "link",
    "endless.png": "link|links|symbolic",
}


@pytest.fixture
def mess(folder: Path) -> Path:
    """Folder with all of these files."""
    for number, name in enumerate(GOOD):
        if name == "good.pdf":
            pdf(folder / name, ["a page about walruses", "a page about herons"])
        else:
            save(picture("red", number), folder / "made.png")
            (folder / "made.png").rename(folder / name)
    save(picture("red", 50, (640, 480)), folder / "good.jpg")
    save(picture("red", 51), folder / "made.png")
    (folder / "made.png").rename(os.fsdecode(os.fsencode(folder) + b"/" + GOOD_BYTES))
    (folder / "truncated.jpg").write_bytes((folder / "good.jpg").read_bytes()[:_NO_PIXEL])
    (folder / "truncated.png").write_bytes((folder / "good.png").read_bytes()[:60])
    for name in ("empty.png", "empty.pdf"):
        (folder / name).touch()
    (folder / "garbage.jpg").write_bytes(bytes(range(1, 256)) * 20)
    (folder / "words.pdf").write_text("these are just words")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 4)
    (folder / "bomb.png").write_bytes(png_that_claims(60_000, 60_000))
    encrypted_pdf(folder / "encrypted.pdf")
    os.mkfifo(folder / "pipe.png")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "endless.png").symlink_to(folder / "endless.png")
    (folder / "sub").mkdir()
    (folder / "sub" / "loop").symlink_to(folder)
    save(picture("red", 52), folder / ".git" / "hidden.png")
    save(picture("red", 53), folder / "@eaDir" / "junk.png")
    (folder / "._good.png").write_bytes(b"junk")
    (folder / "notes.txt").write_text("no picture, and of no interest")
    return folder


def reasons(program: Program) -> dict[str, str]:
    listed = program.run("status", "--json").json["unreadable"]
    assert len({entry["path"] for entry in listed}) == len(listed), "a file is listed twice"
    return {Path(entry["path"]).name: entry["reason"] for entry in listed}


def test_a_folder_of_bad_files_is_indexed_and_each_is_listed_once_with_a_reason(
    program: Program, mess: Path
) -> None:
    outcome = program.run("add", mess)
    assert outcome.status == 0, outcome
    good = len(GOOD) + 1
    assert f"{good} indexed ({good + 1} pictures and pages), {len(BAD)} unreadable" in outcome.errors[-1]
    found = reasons(program)
    assert found.keys() == BAD.keys()
    for name, reason in found.items():
        assert re.search(BAD[name], reason), (name, reason)
        assert re.search(r"[a-z]{2,} [a-z]{2,}", reason), "a reason is words"
        assert not re.search(r"Error|Exception|Traceback|errno|b'|0x|<", reason), reason
        assert "\n" not in reason
    shown = program.run("status").out.decode()
    assert all(name in shown and found[name] in shown for name in BAD)
    assert not set(shown) & {"\x1b", "\x07"}
    hits = program.run("search", "red", "--json", "-n", "100").json["hits"]
    names = {os.fsencode(hit["path"]).rpartition(b"/")[2] for hit in hits}
    assert names == {*map(os.fsencode, GOOD), GOOD_BYTES} - {b"good.pdf"}  # the PDF contains nothing red
    assert program.run("search", "herons", "--json").json["hits"][0]["part"] == 2


def test_bad_files_are_left_alone_until_they_change(program: Program, mess: Path) -> None:
    program.run("add", mess)
    before = reasons(program)
    again = program.run("index")
    assert again.status == 0
    assert "indexed" not in again.errors[-1]
    assert f"{len(GOOD) + 1} unchanged, {len(BAD)} unreadable" in again.errors[-1]
    assert reasons(program) == before
    shutil.copy(mess / "good.jpg", mess / "truncated.jpg")
    save(picture("white"), mess / "empty.png")
    (mess / "dangling.png").unlink()
    (mess / "pipe.png").unlink()
    save(picture("black"), mess / "pipe.png")
    (mess / "garbage.jpg").unlink()
    mended = program.run("index")
    assert "2 indexed, 1 moved, copied or touched" in mended.errors[-1]
    gone = {"truncated.jpg", "empty.png", "dangling.png", "pipe.png", "garbage.jpg"}
    assert reasons(program).keys() == BAD.keys() - gone


def test_a_good_file_that_turns_bad_is_found_no_more_and_listed(program: Program, mess: Path) -> None:
    program.run("add", mess)
    content = (mess / "good.jpg").read_bytes()
    (mess / "good.jpg").write_bytes(content[:_NO_PIXEL])
    program.run("index")
    assert "cut short" in reasons(program)["good.jpg"]
    assert "good.jpg" not in program.run("search", "red", "--json", "-n", "100").found


def test_a_bad_page_costs_that_page_alone(program: Program, folder: Path) -> None:
    with pymupdf.open() as document:
        for number in range(3):
            document.new_page().insert_text((50, 50), f"page of walrus {number}")
        document.xref_set_key(document[1].xref, "MediaBox", "[0 0 0 0]")
        document.save(folder / "odd.pdf")
    assert program.run("add", folder).status == 0
    parts = {hit["part"] for hit in program.run("search", "walrus", "--json").json["hits"]}
    assert parts >= {1, 3}


def test_bad_files_named_one_by_one_are_no_error_of_the_call(program: Program, mess: Path) -> None:
    outcome = program.run(
        "add", mess / "empty.png", mess / "garbage.jpg", mess / "notes.txt", mess / "pipe.png"
    )
    assert outcome.status == 0
    assert "4 unreadable" in outcome.errors[-1]
    assert reasons(program).keys() == {"empty.png", "garbage.jpg", "notes.txt", "pipe.png"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said_so_and_tried_again(program: Program, three_pictures: Path) -> None:
    (three_pictures / "red.png").chmod(0)
    program.run("add", three_pictures)
    assert "permission" in reasons(program)["red.png"]
    (three_pictures / "red.png").chmod(0o644)
    assert "1 indexed" in program.run("index").errors[-1]
    assert reasons(program) == {}
