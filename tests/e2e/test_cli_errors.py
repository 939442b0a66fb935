"""Errors on the command line: one line and status 2."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import save
from filelock import FileLock
from helpers.fakes import picture
from helpers.program import Program, assert_refused, mounted


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("serch x", "serch"),
        ("search", "Nothing to look for"),
        ("search x --bogus", "--bogus"),
        ("search x -0", "--paths"),
        ("search x --device toaster", "toaster"),
        ("search x --model no-such-model", "no-such-model"),
        ("search --image /no/such.png", "/no/such.png"),
        ("search x --in /no/such/folder", "/no/such/folder"),
        ("add /no/such/folder", "/no/such/folder"),
        ("add . --ext exe", "exe"),
        ("remove /no/such/folder", "/no/such/folder"),
        ("models use no-such-model", "no-such-model"),
        ("models import /no/such.pt --arch ViT-B-32", "/no/such.pt"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_answered_in_one_line(indexed: Program, arguments: str, words: str) -> None:
    assert_refused(indexed.run(*arguments.split()), words)


@pytest.mark.parametrize("arguments", ["search x", "search --image x.png", "index", "remove x"])
def test_where_nothing_was_added_yet_it_is_said_how_to_begin(program: Program, arguments: str) -> None:
    assert_refused(program.run(*arguments.split()), "Nothing is indexed yet", "imagefinder add")
    assert not program.library.exists(), "asking makes no library"


def test_the_status_of_a_library_that_is_not_there_is_empty_and_makes_none(program: Program) -> None:
    assert program.run("status", "--json").json["items"] == 0
    assert program.run("models", "list").status == 0
    assert not program.library.exists()


@pytest.mark.parametrize(
    "arguments", [["add", ""], ["search", "x", "--in", ""], ["search", "--image", ""], ["remove", ""]]
)
def test_an_empty_path_is_not_taken_for_the_folder_one_is_in(program: Program, arguments: list[str]) -> None:
    assert_refused(program.run(*arguments), "empty path")


def test_weights_that_are_not_here_are_said_how_to_get(indexed: Program) -> None:
    model = "ViT-B-32-256/datacomp_s34b_b86k"
    for arguments in (["search", "red"], ["index"], ["models", "use", model]):
        refused = indexed.run("--model", model, *arguments)
        assert_refused(refused, "not on this machine", f"models import FILE --arch {model}")
    assert indexed.run("search", "red").status == 0


def test_a_picture_that_cannot_be_searched_by_is_named_with_the_reason(
    indexed: Program, folder: Path
) -> None:
    (folder / "bad.jpg").write_bytes(b"just words")
    (folder / "empty.jpg").touch()
    os.mkfifo(folder / "pipe.jpg")
    for name, reason in (
        ("bad.jpg", "not a picture"),
        ("empty.jpg", "empty"),
        ("pipe.jpg", "pipe"),
        ("", "folder"),
    ):
        assert_refused(indexed.run("search", "--image", folder / name), reason)


def test_a_library_in_use_is_refused_for_changes_but_can_be_searched(
    indexed: Program, three_pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "new").mkdir()
    with FileLock(indexed.library / "lock"):
        changes: list[list[str | Path]] = [["add", three_pictures], ["index"], ["remove", three_pictures]]
        for change in [*changes, ["models", "use", "builtin"], ["search", "red", "--in", tmp_path / "new"]]:
            assert_refused(indexed.run(*change), "Another imagefinder is changing the library")  # type: ignore[misc]
        assert indexed.run("search", "red", "--json").found[0] == "red.png"
        busy = indexed.run("search", "red", "--in", three_pictures, "--json")
        assert busy.found[0] == "red.png"
        assert any("so far" in line for line in busy.errors)
    assert indexed.run("index").status == 0


def test_a_library_that_is_a_file_is_refused(program: Program, three_pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for library in (tmp_path / "file", tmp_path / "file" / "below"):
        for command in (["status"], ["add", three_pictures], ["search", "x"]):
            assert_refused(program.run("--library", library, *command), "a file stands in its place")


@pytest.mark.parametrize("content", [b"garbage", b"SQLite format 3\0" + b"\1" * 5000])
def test_a_damaged_library_file_is_said_to_be_damaged(
    program: Program, three_pictures: Path, content: bytes
) -> None:
    program.library.mkdir(parents=True)
    (program.library / "library.db").write_bytes(content)
    for command in (["status"], ["add", three_pictures], ["search", "x"]):
        assert_refused(program.run(*command), "damaged", str(program.library / "library.db"))


def test_a_library_file_damaged_in_its_middle_is_said_to_be_damaged(indexed: Program) -> None:
    database = indexed.library / "library.db"
    content = bytearray(database.read_bytes())
    content[8192:] = b"\x55" * (len(content) - 8192)
    database.write_bytes(content)
    for command in (["status"], ["index"], ["search", "red"]):
        assert_refused(indexed.run(*command), "damaged")


def test_a_library_of_a_newer_version_is_left_alone(indexed: Program) -> None:
    import sqlite3

    with sqlite3.connect(indexed.library / "library.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert_refused(indexed.run("status"), "newer version")


def test_a_library_that_cannot_be_written_is_said_so(
    indexed: Program, three_pictures: Path, tmp_path: Path
) -> None:
    with mounted(tmp_path / "small", "8m") as disk:
        shutil.copytree(indexed.library, disk / "library")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        refused = indexed.run("--library", disk / "library", "add", three_pictures)
        assert_refused(refused, "cannot be written", "--library")
        assert_refused(indexed.run("--library", disk / "new", "add", three_pictures), "cannot be written")
        assert indexed.run("--library", disk / "library", "search", "red").status == 0
        assert indexed.run("--library", disk / "library", "status", "--json").json["items"] == 3


def test_a_full_disk_is_said_to_be_full_and_keeps_what_was_indexed(
    program: Program, folder: Path, tmp_path: Path
) -> None:
    for number in range(300):
        save(picture("gray", number), folder / f"{number}.png")
    with mounted(tmp_path / "small", "600k") as disk:
        library = disk / "library"
        refused = program.run("--library", library, "add", folder)
        assert_refused(refused, "full", "free some space")
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        status = program.run("--library", library, "status", "--json").json
        before = status["items"]
        for source in status["sources"]:
            assert source["pending"] == (300 - before if source["scan_complete"] else 0)
            if source["pending"]:
                assert f"{300 - before} files not yet read" in refused.errors[0]
        outcome = program.run("--library", library, "index")
        assert outcome.status == 0
        assert before == 0 or f"{before} unchanged" in outcome.errors[-1]
        assert program.run("--library", library, "status", "--json").json["items"] == 300


def test_a_full_disk_under_the_thumbnails_costs_nothing_but_thumbnails(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    with mounted(tmp_path / "small", "16k") as disk:
        outcome = program.run("add", three_pictures, extra={"XDG_CACHE_HOME": str(disk)})
        assert (outcome.status, "3 indexed" in outcome.errors[-1]) == (0, True)


def test_a_cache_folder_that_is_a_file_makes_no_picture_unreadable(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "cache").touch()
    outcome = program.run("add", three_pictures, extra={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert "3 indexed" in outcome.errors[-1]


def test_output_to_a_full_disk_is_one_line(indexed: Program) -> None:
    for form in ([], ["--json"], ["--paths"]):
        command = indexed.command("search", "red", *form)
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(command, env=indexed.environment, stdout=full, stderr=subprocess.PIPE)
        assert done.returncode == 2
        assert done.stderr.decode().splitlines() == [
            "imagefinder: The output cannot be written: its disk is full."
        ]


def test_addresses_are_understood_or_refused_in_a_true_sentence(
    indexed: Program, three_pictures: Path
) -> None:
    there = (three_pictures / "red.png").as_uri()
    assert indexed.run("search", "--image", there, "--include-query", "--paths").out.startswith(
        os.fsencode(three_pictures / "red.png")
    )
    for given, reason in (
        ("file:///nowhere/cat.jpg", "There is no /nowhere/cat.jpg"),
        ("nowhere.jpg", "nowhere.jpg. Check the spelling"),
        ("https://example.com/cat.jpg", "not fetched"),
        ("data:image/png;base64,AAAA", "holds no picture"),
    ):
        assert_refused(indexed.run("search", "--image", given), reason)
    assert_refused(indexed.run("add", "https://example.com/album"), "is an address")


def test_what_is_passed_over_is_said_and_counted(program: Program, three_pictures: Path) -> None:
    (three_pictures / "clip.mov").touch()
    added = program.run("add", three_pictures)
    assert "1 file of a kind that is not read was passed over: 1 .mov." in added.err.decode()
    (source,) = program.run("status", "--json").json["sources"]
    assert source["passed_over"] == {"mov": 1}
    assert b"1 .mov" in program.run("status").out


def test_a_library_in_which_nothing_can_be_read_is_not_told_to_add_a_folder(
    program: Program, folder: Path
) -> None:
    (folder / "bad.jpg").write_bytes(b"just words")
    program.run("add", folder)
    refused = program.run("search", "red")
    assert_refused(refused, "1 file was found, and it cannot be read.", "imagefinder status")
