"""Tests of the scanner: which files of a source are selected, by name and ``stat`` alone."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from imagefinder.domain.errors import CancelledError
from imagefinder.domain.items import FileStat
from imagefinder.domain.sources import Source, SourceKind, SourceOptions
from imagefinder.engine.indexing import scanner
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.indexing.scanner import Scan, Selection, passed_over_by
from imagefinder.engine.indexing.source_presence import Presence, lost_mounts, presence

EXTENSIONS = frozenset({"jpg", "png", "pdf"})


def _source(root: Path, mounts: tuple[Path, ...] = (), **options: object) -> Source:
    kind = SourceKind.FOLDER if root.is_dir() else SourceKind.FILE
    return Source(1, root, kind, SourceOptions(**options), mounts)  # type: ignore[arg-type]


def _scan(root: Path, **options: object) -> Scan:
    source = _source(root, **options)  # type: ignore[arg-type]
    return Scan(source, Selection(source, EXTENSIONS), CancelToken())


def _found(root: Path, **options: object) -> list[str]:
    return sorted(os.path.relpath(stat.path, root) for stat in _scan(root, **options))


def _make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_globs_mean_names_in_any_normal_form(tmp_path: Path) -> None:
    _make(tmp_path, "Mu\u0308ll/a.jpg", "Müll2/b.jpg", "c.jpg")
    assert _found(tmp_path, exclude=("Müll", "Mu\u0308ll2")) == ["c.jpg"]
    assert _found(tmp_path, include=(f"{tmp_path}/Müll/**",)) == ["Mu\u0308ll/a.jpg"]


def test_files_of_known_kinds_are_found_at_any_depth(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg", "B.JPG", "deep/er/c.pdf", "notes.txt", "jpg")
    assert _found(tmp_path) == ["B.JPG", "a.jpg", "deep/er/c.pdf"]


def test_what_systems_leave_lying_about_is_passed_over(tmp_path: Path) -> None:
    _make(
        tmp_path, "a.jpg", "._a.jpg", ".hidden.jpg", ".git/a.jpg", "@eaDir/a.jpg", "node_modules/a.jpg",
        "$RECYCLE.BIN/a.jpg", ".thumbnails/a.jpg", "#recycle/a.jpg", "__MACOSX/a.jpg",
    )  # fmt: skip
    assert _found(tmp_path) == ["a.jpg"]
    source = _source(tmp_path, extensions=("db",))
    _make(tmp_path, "Thumbs.db", "my.db")
    assert [Path(s.path).name for s in Scan(source, Selection(source, EXTENSIONS), CancelToken())] == [
        "my.db"
    ]


def test_a_hidden_folder_that_was_added_itself_is_scanned(tmp_path: Path) -> None:
    _make(tmp_path, ".secret/a.jpg")
    assert _found(tmp_path / ".secret") == ["a.jpg"]


def test_without_recursion_subfolders_are_left_alone(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg", "sub/b.jpg")
    assert _found(tmp_path, recursive=False) == ["a.jpg"]


@pytest.mark.parametrize(
    ("globs", "left"),
    [
        (("*.png",), ["a.jpg", "private/c.jpg", "sub/private/d.jpg"]),
        (("private",), ["a.jpg", "b.png"]),
        (("/private",), ["a.jpg", "b.png", "sub/private/d.jpg"]),
        (("sub/**",), ["a.jpg", "b.png", "private/c.jpg"]),
        (("private/*.jpg",), ["a.jpg", "b.png", "sub/private/d.jpg"]),
        (("a.*", "b.*"), ["private/c.jpg", "sub/private/d.jpg"]),
    ],
)
def test_exclusions_work_as_in_gitignore(tmp_path: Path, globs: tuple[str, ...], left: list[str]) -> None:
    _make(tmp_path, "a.jpg", "b.png", "private/c.jpg", "sub/private/d.jpg")
    assert _found(tmp_path, exclude=globs) == left


def test_an_exclusion_may_be_a_full_path_or_begin_with_a_hash(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg", "private/c.jpg", "#old/d.jpg")
    assert _found(tmp_path, exclude=(f"{tmp_path}/private", "#old")) == ["a.jpg"]


def test_inclusions_take_only_what_matches(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg", "b.png", "2024/c.jpg")
    assert _found(tmp_path, include=("2024/",)) == ["2024/c.jpg"]
    assert _found(tmp_path, include=("*.png", "a.*")) == ["a.jpg", "b.png"]


def test_chosen_extensions_replace_the_usual_ones(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg", "b.png")
    assert _found(tmp_path, extensions=("png",)) == ["b.png"]


def test_a_loop_of_links_ends_and_the_real_path_wins(tmp_path: Path) -> None:
    _make(tmp_path, "z/a.jpg")
    (tmp_path / "z" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "first").symlink_to(tmp_path / "z", target_is_directory=True)
    assert _found(tmp_path) == ["z/a.jpg"]


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    _make(tmp_path, "elsewhere/a.jpg")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert _found(tmp_path / "root") == ["link/a.jpg"]


def test_pipes_sockets_and_dangling_links_are_listed_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket.jpg"))
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere.jpg")
    scan = _scan(tmp_path)
    assert list(scan) == []
    reasons = {problem.path.name: problem.reason for problem in scan.problems}
    assert set(reasons) == {"pipe.jpg", "socket.jpg", "dangling.jpg"}
    assert "not there" in reasons["dangling.jpg"]
    server.close()


def test_a_folder_that_cannot_be_listed_is_told_apart_from_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path, "a.jpg", "locked/b.jpg")
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(scanner.os, "scandir", refuse)
    scan = _scan(tmp_path)
    assert [Path(stat.path).name for stat in scan] == ["a.jpg"]
    assert scan.unlisted == [str(tmp_path / "locked")]
    assert scan.problems[0].reason == "the folder cannot be listed: you have no permission to read it"


def test_a_single_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    _make(tmp_path, "picture-without-extension")
    assert [stat.size for stat in _scan(tmp_path / "picture-without-extension")] == [1]


def test_a_cancelled_scan_stops(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg")
    source = _source(tmp_path)
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        list(Scan(source, Selection(source, EXTENSIONS), token))


def test_a_source_whose_path_or_mount_is_gone_is_not_reachable(tmp_path: Path) -> None:
    assert presence(_source(tmp_path)) is Presence.THERE
    assert presence(_source(tmp_path / "gone")) is Presence.AWAY
    # An unplugged drive leaves its mount folder behind, empty.
    assert presence(_source(tmp_path, mounts=(tmp_path,))) is Presence.AWAY


def test_a_drive_mounted_inside_a_source_can_be_lost(tmp_path: Path) -> None:
    assert lost_mounts(_source(tmp_path, mounts=(Path("/"), tmp_path / "usb"))) == [tmp_path / "usb"]


@pytest.mark.parametrize(
    ("path", "is_reached"),
    [("", True), ("a.jpg", True), ("sub", True), ("sub/b.jpg", True), ("private", False), ("private/c.jpg", False),
     (".git", False), ("a.txt", False)],
)  # fmt: skip
def test_a_selection_knows_which_paths_its_scan_comes_to(tmp_path: Path, path: str, is_reached: bool) -> None:
    _make(tmp_path, "a.jpg", "a.txt", "sub/b.jpg", "private/c.jpg", ".git/d.jpg")
    selection = Selection(_source(tmp_path, exclude=("private",)), EXTENSIONS)
    assert selection.reaches(tmp_path / path) is is_reached
    assert not selection.reaches(tmp_path.parent)


def test_a_link_round_the_source_is_not_followed(tmp_path: Path) -> None:
    _make(tmp_path, "beside/b.jpg", "root/a.jpg", "root/sub/c.jpg")
    (tmp_path / "root" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "root" / "sub" / "loop").symlink_to(tmp_path / "root", target_is_directory=True)
    assert _found(tmp_path / "root") == ["a.jpg", "sub/c.jpg"]
    # Nor if the scan begins below the loop.
    source = _source(tmp_path / "root")
    scan = Scan(source, Selection(source, EXTENSIONS), CancelToken(), tmp_path / "root" / "sub")
    assert [Path(stat.path).name for stat in scan] == ["c.jpg"]


def _passed_over(root: Path, **options: object) -> dict[str, int]:
    scan = _scan(root, **options)
    list(scan)
    return dict(scan.passed_over)


def test_files_that_nothing_reads_are_counted_by_extension(tmp_path: Path) -> None:
    _make(
        tmp_path, "a.jpg", "b.MOV", "sub/c.mov", "notes.txt", "README", "page.1", "x.what a name", "y.tar.gz"
    )
    assert _passed_over(tmp_path) == {"mov": 2, "txt": 1, "gz": 1, "": 3}


def test_what_systems_leave_lying_about_is_not_counted(tmp_path: Path) -> None:
    _make(tmp_path, "._a.jpg", ".DS_Store", ".hidden.mov", "Thumbs.db", "desktop.ini", "Icon\r", ".git/b.mov")
    os.mkfifo(tmp_path / "pipe.mov")
    assert _passed_over(tmp_path) == {}


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        ({"exclude": ("*.mov",)}, {"txt": 2}),
        ({"exclude": ("sub",)}, {"mov": 1, "txt": 1}),
        ({"include": ("sub/",)}, {"txt": 1}),
        ({"recursive": False}, {"mov": 1, "txt": 1}),
        ({"extensions": ("png",)}, {}),
    ],
)
def test_what_the_user_left_out_is_not_counted(
    tmp_path: Path, options: dict[str, object], counted: dict[str, int]
) -> None:
    _make(tmp_path, "a.mov", "b.txt", "sub/c.txt", "sub/d.jpg")
    assert _passed_over(tmp_path, **options) == counted


def test_a_source_within_another_one_counts_once_unless_it_is_left_out_there(tmp_path: Path) -> None:
    _make(tmp_path, "a.mov", "sub/b.mov")
    outer, inner = _scan(tmp_path), _scan(tmp_path / "sub")
    without = _scan(tmp_path, exclude=("sub",))
    for scan in (outer, inner, without):
        list(scan)
    assert passed_over_by([outer, inner]) == {"mov": 2}
    assert passed_over_by([inner, outer]) == {"mov": 2}
    assert passed_over_by([without, inner]) == {"mov": 2}


def test_counting_what_is_passed_over_looks_at_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make(tmp_path, "a.jpg", "b.mov", "c.txt")
    looked_at = []
    monkeypatch.setattr(Scan, "_stat", lambda self, path, entry=None: looked_at.append(Path(path).name))
    list(_scan(tmp_path))
    assert looked_at == ["a.jpg"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has such folders")
def test_links_into_the_systems_own_files_are_listed_and_not_followed(tmp_path: Path) -> None:
    _make(tmp_path, "a.jpg")
    (tmp_path / "memory.jpg").symlink_to("/proc/self/mem")
    (tmp_path / "processes").symlink_to("/proc")
    (tmp_path / "devices").symlink_to("/dev")
    (tmp_path / "root by another way").symlink_to("/proc/self/root")
    (tmp_path / "notes.txt").symlink_to("/proc/self/status")
    scan = _scan(tmp_path)
    assert [Path(stat.path).name for stat in scan] == ["a.jpg"]
    listed = {problem.path.name: problem.reason for problem in scan.problems}
    assert listed == dict.fromkeys(
        ("memory.jpg", "processes", "devices"), "it is a link into the system's own files"
    )


@pytest.mark.parametrize("seconds", [2**33, 2**34 - 1, -(2**34), -(2**40), 2**40], ids=str)
def test_a_date_that_no_column_holds_is_bounded(seconds: int) -> None:
    status = SimpleNamespace(st_size=2**70, st_mtime_ns=seconds * 10**9)
    stat = FileStat.of("a.jpg", cast(os.stat_result, status))
    assert -(2**63) <= stat.mtime_ns < 2**63
    assert stat.size == 2**63 - 1
