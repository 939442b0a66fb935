"""Things that the program must not touch: the user's files, the network, and libraries that it does not need."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import save
from helpers.fakes import pdf, picture

_ROOT = Path(__file__).resolve().parents[2]
_PICTURES = 120

# Runs `work` in a separate process and writes its disk accesses, network accesses and modules as JSON. Opened
# files are recorded by full path. os.scandir and os.stat raise other audit events, or none.
_WATCHER = """
import json, os, sys

opened, network = [], []

def watch(event, arguments):
    if event == "open":
        path = arguments[0]
        if isinstance(path, (str, bytes)):
            opened.append([os.path.abspath(os.fsdecode(path)), arguments[1], arguments[2]])
    elif event.startswith("socket.") or event in ("urllib.Request", "http.client.connect"):
        # A pair of sockets within the machine, without a name, is how decoders are spoken to: family 1, AF_UNIX.
        family = arguments[1] if event == "socket.__new__" else getattr(arguments[0], "family", 0)
        if family != 1 or event in ("socket.connect", "socket.bind"):
            network.append(event)

sys.addaudithook(watch)
{work}
report = dict(opened=opened[:], network=network, modules=sorted(sys.modules))
with open(sys.argv[1], "w") as file:
    json.dump(report, file)
"""


def _watched(work: str, tmp_path: Path) -> dict[str, Any]:
    report = tmp_path / "report.json"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", _WATCHER.replace("{work}", work), str(report)],
        check=True,
        cwd=_ROOT,
        env=os.environ | {"IMAGEFINDER_LIBRARY": str(tmp_path / "library"), "IMAGEFINDER_DEBUG": "1"},
    )
    answer: dict[str, Any] = json.loads(report.read_text())
    return answer


def _command(*words: object) -> str:
    """Return source code that runs one command line in the watched process."""
    arguments = [str(word) for word in words]
    return f"from imagefinder.cli.main import main\nassert main({arguments!r}) == 0\n"


def _inside(folder: Path, opened: list[list[Any]]) -> list[str]:
    return [path for path, _mode, _flags in opened if Path(path).is_relative_to(folder)]


def _snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return everything visible to a user in a folder tree, except access times."""
    shots: dict[str, tuple[object, ...]] = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content: str | bytes = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).digest()
        facts = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_ino)
        size = status.st_size if path.is_file() else 0
        shots[str(path)] = (*facts, size, status.st_mtime_ns, content)
    return shots


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """More than a hundred files in several folders, with PDFs, a duplicate, a damaged file, a link and a text file."""
    folder = tmp_path / "pictures"
    for number in range(_PICTURES):
        save(picture("red", number), folder / f"year{number % 4}" / f"{number:03}.png")
    save(picture("green", 1, (640, 480)), folder / "green.jpg")
    (folder / "twin.jpg").write_bytes((folder / "green.jpg").read_bytes())
    pdf(folder / "letters.pdf", ["a letter from the harbour", "its second page"])
    (folder / "damaged.png").write_bytes((folder / "year0" / "000.png").read_bytes()[:60])
    (folder / "empty.jpg").touch()
    (folder / "note.txt").write_text("not a picture")
    (folder / "link.png").symlink_to(folder / "year1" / "001.png")
    (folder / "year2" / "002.png").chmod(0o444)
    return folder


def test_a_rescan_of_an_unchanged_tree_opens_none_of_its_files(tree: Path, tmp_path: Path) -> None:
    first = _watched(_command("add", tree), tmp_path)
    again = _watched(_command("index"), tmp_path)
    # The first run opens the files, which proves that the watcher works.
    assert len(set(_inside(tree, first["opened"]))) > _PICTURES
    assert _inside(tree, again["opened"]) == []


def test_adding_the_same_folder_again_or_searching_in_it_opens_none_of_its_files(
    tree: Path, tmp_path: Path
) -> None:
    _watched(_command("add", tree), tmp_path)
    again = _watched(_command("add", tree) + _command("search", "--json", "red", "--in", tree), tmp_path)
    assert _inside(tree, again["opened"]) == []


def test_a_rescan_opens_the_one_file_that_changed_and_no_other(tree: Path, tmp_path: Path) -> None:
    _watched(_command("add", tree), tmp_path)
    changed = tree / "year3" / "003.png"
    save(picture("blue", 1, (52, 40)), changed)
    again = _watched(_command("index"), tmp_path)
    assert set(_inside(tree, again["opened"])) == {str(changed)}


def test_nothing_in_the_users_tree_is_changed(tree: Path, tmp_path: Path) -> None:
    before = _snapshot(tree)
    work = (
        _command("add", tree)
        + _command("index")
        + _command("search", "red")
        + _command("search", "--image", tree / "green.jpg")
        + _command("search", "red", "--in", tree / "year1")
        + _command("status")
        + _command("remove", tree)
    )
    opened = _watched(work, tmp_path)["opened"]
    assert _snapshot(tree) == before
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    assert [path for path, _mode, flags in opened if flags & writing and path in _inside(tree, opened)] == []


def test_what_is_written_lies_in_the_library_and_the_users_own_folders_alone(
    tree: Path, tmp_path: Path
) -> None:
    work = _command("add", tree) + _command("search", "red") + _command("remove", tree)
    opened = _watched(work, tmp_path)["opened"]
    own = [tmp_path / "library", Path(os.environ["HOME"]), Path(os.devnull)]
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    written = {Path(path) for path, _mode, flags in opened if flags & writing}
    assert any(path.is_relative_to(own[1]) for path in written)
    strays = [path for path in written if not any(path.is_relative_to(folder) for folder in own)]
    # Python itself may write compiled modules.
    assert [path for path in strays if "__pycache__" not in path.parts] == []


@pytest.mark.parametrize("words", [["add", "TREE"], ["models", "list"], ["status"], ["index"]])
def test_no_command_turns_to_the_network(words: list[str], tree: Path, tmp_path: Path) -> None:
    given = [str(tree) if word == "TREE" else word for word in words]
    work = _command("add", tree / "year0") + _command(*given) + _command("search", "a red bicycle")
    assert _watched(work, tmp_path)["network"] == []


def test_the_watcher_sees_a_program_that_turns_to_the_network(tmp_path: Path) -> None:
    work = (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1).close()\nexcept OSError: pass"
    )
    assert "socket.connect" in _watched(work, tmp_path)["network"]


_HEAVY = (
    "torch",
    "torchvision",
    "open_clip",
    "transformers",
    "pymupdf",
    "fitz",
    "hnswlib",
)


@pytest.mark.parametrize(
    "work",
    [
        "import imagefinder\nimagefinder.ImageFinder",
        _command("status"),
        _command("models", "list"),
        _command("search", "--json", "red"),
        _command("index"),
    ],
    ids=["import", "status", "models list", "search", "index"],
)
def test_what_needs_no_model_and_no_pdf_loads_none_of_the_heavy_libraries(
    work: str, tree: Path, tmp_path: Path
) -> None:
    _watched(_command("add", tree / "year0"), tmp_path)
    modules = _watched(work, tmp_path)["modules"]
    assert [name for name in _HEAVY if name in modules] == []


def test_adding_pictures_loads_neither_torch_nor_the_pdf_library(tree: Path, tmp_path: Path) -> None:
    modules = _watched(_command("add", tree / "year0"), tmp_path)["modules"]
    assert [name for name in _HEAVY if name in modules] == []
