"""Tests that files with information about the user's pictures are private, whatever the umask."""

import errno
import io
import logging
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imagefinder import private_files
from imagefinder.json_file import replace_object
from imagefinder.logs import log_to_file
from imagefinder.picture_cache import PictureCache
from imagefinder.private_files import (
    create,
    file_mode_of,
    make_file,
    make_folder,
    make_folder_like_parent,
    replace_file,
)
from imagefinder.settings import Settings
from imagefinder.store.store import Store
from imagefinder.vectors.atomic_write import replacing

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture(autouse=True, params=[0, 0o022, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(folder: Path) -> set[tuple[bool, int]]:
    """Return the type (folder or not) and mode of everything in a folder."""
    return {(path.is_dir(), mode(path)) for path in folder.rglob("*")}


ALONE = {(False, 0o600), (True, 0o700)}


def test_a_file_is_private_from_its_very_creation(tmp_path: Path) -> None:
    with create(tmp_path / "a") as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        file.write(b"x")
    make_file(tmp_path / "b")
    assert modes(tmp_path) == {(False, 0o600)}


def test_what_a_dead_run_left_in_its_place_lends_it_neither_mode_nor_target(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    (tmp_path / "b").touch()
    (tmp_path / "b").chmod(0o666)
    for name in "ab":
        create(tmp_path / name).close()
        assert mode(tmp_path / name) == 0o600
        assert not (tmp_path / name).is_symlink()
    assert (tmp_path / "target").read_bytes() == b"precious"


def test_a_file_that_is_there_keeps_what_it_has(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0o640)
    make_file(tmp_path / "a")
    assert (mode(tmp_path / "a"), (tmp_path / "a").read_bytes()) == (0o640, b"x")


def test_folders_are_private_where_they_are_made_and_stay_where_they_are_there(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o755)
    make_folder(tmp_path / "there" / "a" / "b" / "c")
    make_folder(tmp_path / "there" / "a" / "b" / "c")
    assert mode(tmp_path / "there") == 0o755
    assert modes(tmp_path / "there") == {(True, 0o700)}


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "a" / "b")


def test_a_new_library_is_private_with_what_sqlite_makes_beside_it(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir(0o755)
    store = Store(library / "library.db")
    try:
        names = {path.name for path in library.iterdir()}
        assert names == {"library.db", "library.db-wal", "library.db-shm"}
        assert modes(library) == {(False, 0o600)}
    finally:
        store.close()


def test_a_library_that_is_there_keeps_its_mode_and_so_does_what_comes_beside_it(
    tmp_path: Path, umask: int
) -> None:
    Store(tmp_path / "library.db").close()
    (tmp_path / "library.db").chmod(0o664)
    store = Store(tmp_path / "library.db")
    try:
        assert modes(tmp_path) == {(False, 0o664)}
    finally:
        store.close()


@pytest.mark.parametrize("shared", [0o755, 0o770, 0o700])
def test_files_of_the_index_are_as_private_as_their_folder(tmp_path: Path, shared: int, umask: int) -> None:
    vectors = tmp_path / "vectors"
    vectors.mkdir()
    vectors.chmod(shared)
    make_folder_like_parent(vectors / "model")
    with replacing(vectors / "model" / "index") as temporary:
        temporary.write_bytes(b"x")
    assert mode(vectors) == shared
    assert mode(vectors / "model") == shared & ~umask
    assert mode(vectors / "model" / "index") == shared & 0o666 & ~umask


def test_the_first_folder_of_an_index_is_private(tmp_path: Path) -> None:
    make_folder_like_parent(tmp_path / "vectors" / "model")
    assert modes(tmp_path) == {(True, 0o700)}


def test_settings_are_private_and_keep_a_mode_that_somebody_gave_them(tmp_path: Path, umask: int) -> None:
    file = tmp_path / "config" / "settings.json"
    Settings().save(file)
    assert modes(tmp_path) == ALONE
    file.chmod(0o644)
    Settings(theme="dark").save(file)
    assert mode(file) == 0o644 & ~umask
    replace_object(file.with_name("window.json"), {})
    assert mode(file.with_name("window.json")) == 0o600


def test_dropped_pictures_are_private(tmp_path: Path) -> None:
    PictureCache(tmp_path / "cache" / "dropped").keep(PNG)
    assert modes(tmp_path) == ALONE


def test_the_log_is_private_and_so_is_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagefinder.logs._MOST_BYTES", 200)
    path = log_to_file()
    assert path is not None
    logger = logging.getLogger("imagefinder")
    handler = logger.handlers[-1]
    try:
        for _ in range(5):
            logger.warning("x" * 150)
        assert {file.name for file in path.parent.iterdir()} == {"imagefinder.log", "imagefinder.log.1"}
        assert modes(path.parent) == {(False, 0o600)}
        assert mode(path.parent) == 0o700
    finally:
        logger.removeHandler(handler)
        handler.close()


def test_a_mode_is_that_of_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "a").chmod(0o640)
    assert file_mode_of(tmp_path / "a") == 0o640
    assert file_mode_of(tmp_path / "b") == 0o600


@pytest.mark.parametrize("write", [
    lambda folder: replace_file(folder / "a.bin", b"new"),
    lambda folder: replace_object(folder / "a.json", {"new": 1}),
    lambda folder: PictureCache(folder).keep(PNG),
])  # fmt: skip
@pytest.mark.parametrize("fails", ["write", "close", "replace"])
def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    write: Callable[[Path], object], fails: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class FullDisk(io.FileIO):
        def write(self, data: Any) -> int:
            if fails == "write":
                full()
            return super().write(data)

        def close(self) -> None:
            was_open = not self.closed
            super().close()
            if was_open and fails == "close":
                full()

    for name in ("a.bin", "a.json"):
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.setattr(private_files, "create", lambda path, _mode=0: FullDisk(path, "xb"))
    if fails == "replace":
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.bin": b"old",
        "a.json": b"old",
    }


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_folder_where_none_can_be_made_is_an_error_though_the_one_above_is_there() -> None:
    with pytest.raises(FileNotFoundError):
        make_folder(Path("/proc/imagefinder/library"))
