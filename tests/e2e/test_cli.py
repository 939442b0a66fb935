"""The command line, as a stranger and as another program use it."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import save
from fakes import pdf, picture
from filelock import FileLock
from program import Outcome, Program

MANY = 100


@pytest.fixture
def indexed(program: Program, three_pictures: Path) -> Program:
    """The program with three pictures indexed."""
    assert program.run("add", three_pictures).status == 0
    return program


@pytest.fixture
def many(folder: Path) -> Path:
    """Pictures enough to keep the program busy for some seconds."""
    save(picture("gray", 1, (2000, 1500)), folder / "0.png")
    content = (folder / "0.png").read_bytes()
    for number in range(1, MANY):
        # Bytes behind a PNG's end change its hash and nothing else: quick to make, and each is decoded.
        (folder / f"{number}.png").write_bytes(content + b"%d" % number)
    return folder


def assert_refused(outcome: Outcome, *words: str) -> None:
    """Status 2, nothing on standard output, and one line on standard error that says these words."""
    assert outcome.status == 2, outcome
    assert outcome.out == b""
    assert len(outcome.errors) == 1, outcome.errors
    for word in ("imagefinder: ", *words):
        assert word in outcome.errors[0]
    assert "Traceback" not in outcome.errors[0]
    assert "mistake in imagefinder" not in outcome.errors[0]


# Searching


def test_one_command_on_a_fresh_library_does_everything(program: Program, three_pictures: Path) -> None:
    outcome = program.run("search", "red", "--in", three_pictures, "--json")
    assert outcome.status == 0
    assert outcome.found[0] == "red.png"
    again = program.run("search", "red", "--in", three_pictures, "--json")
    assert again.json["hits"] == outcome.json["hits"]
    assert any("3 unchanged" in line for line in again.errors)


def test_a_path_searched_in_is_brought_up_to_date_first(indexed: Program, three_pictures: Path) -> None:
    save(picture("yellow"), three_pictures / "sub" / "yellow.png")
    outcome = indexed.run("search", "yellow", "--in", three_pictures / "sub", "--json")
    assert outcome.found == ["yellow.png"]
    assert len(json.loads(indexed.run("status", "--json").out)["sources"]) == 1


def test_json_is_one_object_of_the_promised_form(indexed: Program, three_pictures: Path) -> None:
    image = three_pictures / "red.png"
    outcome = indexed.run("search", "blue", "--image", image, "-n", "2", "--json")
    answer = outcome.json
    assert list(answer) == ["query", "model", "took_ms", "hits"]
    assert answer["query"] == {"text": "blue", "images": [str(image)], "in": []}
    assert answer["model"] == "builtin"
    assert 0 < answer["took_ms"] < 60_000
    assert len(answer["hits"]) == 2
    for hit in answer["hits"]:
        assert set(hit) >= {"path", "part", "score", "kind"}
        assert Path(hit["path"]).is_absolute()
        assert (hit["part"], hit["kind"]) == (1, "picture")
        assert -1 <= hit["score"] <= 1.001
    assert outcome.out.count(b"\n") == 1


def test_a_page_is_a_hit_with_its_number(program: Program, folder: Path) -> None:
    pdf(folder / "book.pdf", ["about apples", "about zebras"])
    outcome = program.run("search", "zebras", "--in", folder, "--json")
    (hit,) = outcome.json["hits"]
    assert (Path(hit["path"]).name, hit["part"], hit["kind"]) == ("book.pdf", 2, "page")
    assert b"book.pdf  page 2" in program.run("search", "zebras").out


def test_the_status_says_whether_anything_was_found(indexed: Program) -> None:
    assert indexed.run("search", "red").status == 0
    for form in ([], ["--paths"]):
        nothing = indexed.run("search", "zeppelin", *form)
        assert (nothing.status, nothing.out) == (1, b"")
    nothing = indexed.run("search", "zeppelin", "--json")
    assert (nothing.status, nothing.json["hits"]) == (1, [])


def test_the_number_of_hits_is_what_was_asked_for(indexed: Program) -> None:
    assert len(indexed.run("search", "red", "-n", "1", "--json").found) == 1
    assert len(indexed.run("search", "red", "--limit", "2", "--json").found) == 2


def test_a_picture_finds_others_and_itself_only_when_asked(indexed: Program, three_pictures: Path) -> None:
    red = three_pictures / "red.png"
    assert "red.png" not in indexed.run("search", "--image", red, "--json").found
    assert indexed.run("search", "--image", red, "--include-query", "--json").found[0] == "red.png"


def test_paths_come_byte_for_byte_whatever_the_names(program: Program, folder: Path) -> None:
    names = {
        b"plain.png",
        b"new\nline.png",
        b"\xff\xfe.png",
        "日本 \U0001f600.png".encode(),
        b"x" * 251 + b".png",
    }
    for number, name in enumerate(sorted(names)):
        save(picture("red", number), folder / "made.png")
        (folder / "made.png").rename(os.fsdecode(os.fsencode(folder) + b"/" + name))
    nul = program.run("search", "red", "--in", folder, "--paths", "-0")
    assert nul.out.endswith(b"\0")
    assert {path.rpartition(b"/")[2] for path in nul.out[:-1].split(b"\0")} == names
    lines = program.run("search", "red", "--paths").out
    assert lines.endswith(b"\n")
    assert b"\xff\xfe.png" in lines
    answer = program.run("search", "red", "--json").json
    assert {os.fsencode(hit["path"]).rpartition(b"/")[2] for hit in answer["hits"]} == names


def test_names_with_control_characters_stay_harmless_for_people(program: Program, folder: Path) -> None:
    save(picture("red"), folder / "\x1b[31mred\rover\n\x07.png")
    (folder / "\x1b]0;title\x07.png").write_bytes(b"no picture")
    for arguments in (["search", "red", "--in", folder], ["status"], ["add", folder / "\x1b[2Jnot there"]):
        outcome = program.run(*arguments)
        written = (outcome.out + outcome.err).replace(b"\n", b"")
        assert b"\\x1b" in written
        assert not any(byte < 32 or byte == 127 for byte in written)


def test_words_and_options_may_be_mixed(indexed: Program, three_pictures: Path) -> None:
    outcome = indexed.run("search", "dark", "--in", three_pictures, "red", "--json", "-n", "1", "car")
    assert outcome.json["query"]["text"] == "dark red car"


def test_what_follows_two_dashes_is_no_option(program: Program, folder: Path) -> None:
    save(picture("red"), folder / "-red.png")
    assert program.run("add", "--", "-red.png", cwd=folder).status == 0
    assert program.run("search", "--json", "--", "-red").found == ["-red.png"]


def test_the_best_hit_is_opened_in_the_viewer(indexed: Program, three_pictures: Path, tmp_path: Path) -> None:
    script = tmp_path / "bin" / "xdg-open"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/opened"\n')
    script.chmod(0o755)
    search = {"PATH": f"{script.parent}:{os.environ['PATH']}"}
    assert indexed.run("search", "blue", "--open", extra=search).status == 0
    assert (tmp_path / "opened").read_text() == str(three_pictures / "blue.png")
    script.write_text("#!/bin/sh\nexit 3\n")
    outcome = indexed.run("search", "blue", "--open", extra=search)
    assert outcome.status == 2
    assert "No program on this machine opens" in outcome.errors[-1]


# Sources


def test_options_choose_what_of_a_folder_is_added(program: Program, folder: Path) -> None:
    for name in ("a.png", "b.jpg", "c.bmp", "sub/d.png", "skip/e.png"):
        save(picture("red", len(name)), folder / name)

    def files(*options: str) -> int:
        assert program.run("add", folder, *options).status == 0
        return int(program.run("status", "--json").json["sources"][0]["files"])

    assert files() == 5
    assert files("--no-recurse") == 3
    assert files("--exclude", "skip") == 4
    assert files("--exclude", "skip/", "--exclude", "*.bmp") == 3
    assert files("--ext", "PNG,.jpg") == 4
    assert files("--include", "sub/**") == 1


def test_index_rescans_every_source(indexed: Program, three_pictures: Path) -> None:
    (three_pictures / "red.png").unlink()
    save(picture("white"), three_pictures / "white.png")
    outcome = indexed.run("index")
    assert outcome.status == 0
    assert "1 indexed, 2 unchanged, 1 removed" in outcome.errors[-1]


def test_status_shows_sources_and_counts(indexed: Program, three_pictures: Path) -> None:
    status = indexed.run("status", "--json").json
    assert status["library"] == str(indexed.library)
    assert (status["model"], status["items"], status["unreadable"]) == ("builtin", 3, [])
    (source,) = status["sources"]
    assert (source["path"], source["kind"], source["files"], source["items"]) == (
        str(three_pictures),
        "folder",
        3,
        3,
    )
    assert not source["offline"]
    shown = indexed.run("status").out.decode()
    assert str(three_pictures) in shown
    three_pictures.rename(three_pictures.with_name("away"))
    indexed.run("index")
    assert indexed.run("status", "--json").json["sources"][0]["offline"]
    assert "offline" in indexed.run("status").out.decode()
    assert b"(offline)" in indexed.run("search", "red").out


def test_removing_a_source_touches_no_file(indexed: Program, three_pictures: Path) -> None:
    outcome = indexed.run("remove", three_pictures)
    assert outcome.status == 0
    assert "3 files" in outcome.errors[-1]
    assert len(list(three_pictures.iterdir())) == 3
    assert indexed.run("status", "--json").json["items"] == 0


def test_paths_may_be_relative(program: Program, three_pictures: Path) -> None:
    assert program.run("add", ".", cwd=three_pictures).status == 0
    outcome = program.run("search", "--image", "red.png", "--in", "../pictures", "--json", cwd=three_pictures)
    assert sorted(outcome.found) == ["blue.png", "green.png"]
    assert program.run("remove", ".", cwd=three_pictures).status == 0


# General options


def test_general_options_stand_before_or_after_the_command(
    program: Program, three_pictures: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert program.run("--library", other, "--model", "builtin", "add", three_pictures).status == 0
    assert (
        program.run("search", "red", "--library", other, "--device", "cpu", "--model", "builtin").status == 0
    )
    assert program.run("--device", "cpu", "search", "red", "--library", other).status == 0
    assert not program.library.exists()


def test_the_environment_names_library_and_model_and_options_win(indexed: Program, tmp_path: Path) -> None:
    elsewhere = {"IMAGEFINDER_LIBRARY": str(tmp_path / "elsewhere")}
    assert indexed.run("status", "--json", extra=elsewhere).json["items"] == 0
    assert indexed.run("--library", indexed.library, "status", "--json", extra=elsewhere).json["items"] == 3
    unknown = {"IMAGEFINDER_MODEL": "no-such-model"}
    assert_refused(indexed.run("search", "red", extra=unknown), "no model called “no-such-model”")
    assert indexed.run("--model", "builtin", "search", "red", extra=unknown).status == 0


def test_without_a_library_named_it_is_in_the_users_data_folder(
    program: Program, three_pictures: Path
) -> None:
    del program.environment["IMAGEFINDER_LIBRARY"]
    assert program.run("search", "red", "--in", three_pictures).status == 0
    library = program.run("status", "--json").json["library"]
    assert library == str(Path(program.environment["HOME"]) / ".local/share/imagefinder/library")


def test_the_version_is_told(program: Program) -> None:
    import imagefinder

    assert program.run("--version").out.decode() == f"imagefinder {imagefinder.__version__}\n"


# What goes wrong is one line and status 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("serch x", "serch"),
        ("search", "Nothing to look for"),
        ("search x --bogus", "--bogus"),
        ("search x -0", "--paths"),
        ("search x --device toaster", "toaster"),
        ("search x --model no-such-model", "no-such-model"),
        ("search x", "Nothing is indexed yet"),
        ("search --image /no/such.png", "/no/such.png"),
        ("search x --in /no/such/folder", "/no/such/folder"),
        ("add /no/such/folder", "/no/such/folder"),
        ("add . --ext exe", "exe"),
        ("index", "imagefinder add"),
        ("remove /no/such/folder", "/no/such/folder"),
        ("models use no-such-model", "no-such-model"),
        ("models import /no/such.pt --arch ViT-B-32", "/no/such.pt"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_answered_in_one_line(program: Program, arguments: str, words: str) -> None:
    assert_refused(program.run(*arguments.split()), words)


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
            assert_refused(indexed.run(*change), "Another imagefinder is changing the library")
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
        assert_refused(indexed.run("--library", disk / "new", "status"), "cannot be written")


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
        before = program.run("--library", library, "status", "--json").json["items"]
        outcome = program.run("--library", library, "index")
        assert outcome.status == 0
        # The last file of a batch is noted as complete with the next one only.
        assert before == 0 or f"{before - 1} unchanged" in outcome.errors[-1]
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


# Terminals, pipes and signals


def mounted(folder: Path, size: str) -> "Mount":
    """A small disk of its own; the test is skipped where none may be mounted."""
    return Mount(folder, size)


class Mount:
    def __init__(self, folder: Path, size: str) -> None:
        self.folder, self.size = folder, size

    def __enter__(self) -> Path:
        self.folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", str(self.folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"mounting a small disk needs root: {error}")
        return self.folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", str(self.folder)], check=True)


def in_terminal(program: Program, *arguments: str | Path) -> tuple[int, bytes]:
    """Run in a pseudo-terminal of 100 columns; status, and all that was shown."""
    parent, child = pty.openpty()
    environment = program.environment | {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        program.command(*arguments), env=environment, stdout=child, stderr=child, stdin=child
    )
    os.close(child)
    shown = b"".join(_read_all(parent))
    os.close(parent)
    return process.wait(timeout=60), shown


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


def test_ctrl_c_keeps_what_was_indexed_and_the_next_run_goes_on(program: Program, many: Path) -> None:
    process = program.start("add", many)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        status = program.run("status", "--json")
        if status.status == 0 and status.json["items"] >= 32:
            break
    assert process.poll() is None, "it was over before it could be stopped"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    (line,) = errors.decode().splitlines()
    assert line.startswith("imagefinder: Stopped")
    kept = program.run("status", "--json").json["items"]
    assert 32 <= kept < MANY
    outcome = program.run("index")
    assert f"{MANY - kept} indexed, {kept} unchanged" in outcome.errors[-1]
    assert program.run("status", "--json").json["items"] == MANY


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
