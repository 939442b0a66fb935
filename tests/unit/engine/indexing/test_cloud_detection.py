"""Tests of cloud detection, with the file attributes of Windows, macOS and Linux."""

import os
from pathlib import Path
from typing import NamedTuple, cast

import pytest

from imagefinder.domain.sources import Source, SourceKind, SourceOptions
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.indexing.cloud_detection import CloudDetector, has_stand_in, look, name_behind
from imagefinder.engine.indexing.scanner import Scan, Selection


class WindowsStat(NamedTuple):
    """The relevant fields of ``os.stat_result`` on Windows."""

    st_file_attributes: int
    st_size: int = 1000


class MacStat(NamedTuple):
    """The same on macOS."""

    st_flags: int
    st_blocks: int = 8
    st_size: int = 1000


class LinuxStat(NamedTuple):
    """The same on Linux."""

    st_blocks: int
    st_size: int
    st_dev: int


def _says(check: CloudDetector, status: WindowsStat | MacStat | LinuxStat) -> bool:
    return check.is_online_only("/a.jpg", cast(os.stat_result, status))


@pytest.mark.parametrize(
    ("attributes", "is_online_only"),
    [
        (0x400000, True),  # RECALL_ON_DATA_ACCESS: OneDrive, iCloud, Dropbox
        (0x40000, True),  # RECALL_ON_OPEN
        (0x1000, True),  # OFFLINE
        (
            0x400000 | 0x20 | 0x400 | 0x200 | 0x100000,
            True,
        ),  # with ARCHIVE, REPARSE_POINT, SPARSE_FILE, UNPINNED
        (0x401620, True),
        (0x20, False),
        (0x80, False),  # NORMAL
        (0x20 | 0x400, False),  # a local file of a cloud client
        (0x80000 | 0x20, False),  # PINNED
        (0x100000 | 0x20, False),  # UNPINNED, but still on the disk
        (0x2 | 0x4 | 0x800, False),  # HIDDEN, SYSTEM, COMPRESSED
        (0, False),
    ],
)
def test_windows_marks_them_by_attributes(attributes: int, is_online_only: bool) -> None:
    assert _says(CloudDetector(stat_type=WindowsStat), WindowsStat(attributes)) is is_online_only


@pytest.mark.parametrize(
    ("flags", "blocks", "is_online_only"),
    [
        (0x40000000, 0, True),
        (0x40000000, 8, True),
        (0x40000040, 0, True),  # with UF_TRACKED
        (0x40000020, 0, True),  # with UF_COMPRESSED
        (0x20, 0, False),  # UF_COMPRESSED: such files have no blocks of their own
        (0x40, 8, False),
        (0x8000, 8, False),  # UF_HIDDEN
        (0x80000000, 0, False),
        (0, 0, False),
    ],
)
def test_macos_marks_them_by_a_flag(flags: int, blocks: int, is_online_only: bool) -> None:
    assert _says(CloudDetector(stat_type=MacStat), MacStat(flags, blocks)) is is_online_only


MOUNTS = r"""22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw
30 22 0:26 / /proc rw,nosuid shared:12 - proc proc rw
90 22 0:60 / /home/ann/gdrive rw,nosuid,nodev,relatime shared:40 - fuse.rclone gdrive: rw,user_id=1000
91 22 0:61 / /home/ann/One\040Drive rw - fuse.onedriver onedriver rw,user_id=1000
92 22 0:62 / /home/ann/g rw shared:41 master:2 - fuse /usr/bin/google-drive-ocamlfuse rw
93 22 0:63 / /home/ann/server rw shared:42 - fuse.sshfs ann@server: rw
94 22 0:64 / /media/usb rw shared:43 - fuseblk /dev/sdb1 rw
95 22 0:65 / /home/ann/Dropbox rw - btrfs rclone rw
96 22 0:66 / /home/ann/N rw - fuse.Nextcloud nextcloud rw
97 22 zero:nine / /broken rw - fuse.rclone x: rw
98 22 0:67 / /shorter rw - fuse.rclone
a line of something else
"""


@pytest.mark.parametrize(
    ("minor", "blocks", "size", "is_online_only"),
    [
        (60, 0, 1000, True),
        (61, 0, 1, True),
        (62, 0, 5_000_000_000, True),
        (66, 0, 1000, True),
        (60, 2, 1000, False),  # in the mount's cache
        (60, 0, 0, False),  # nothing to download
        (63, 0, 1000, False),  # another machine, not a cloud
        (64, 0, 1000, False),
        (65, 0, 1000, False),  # the mount's source may have any name
        (67, 0, 1000, False),
        (99, 0, 1000, False),
    ],
)
def test_on_linux_they_have_no_blocks_and_lie_on_a_clouds_file_system(
    tmp_path: Path, minor: int, blocks: int, size: int, is_online_only: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    check = CloudDetector(mounts, LinuxStat)
    assert _says(check, LinuxStat(blocks, size, os.makedev(0, minor))) is is_online_only


def test_a_file_without_blocks_elsewhere_was_just_written(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert not _says(CloudDetector(mounts, LinuxStat), LinuxStat(0, 1000, os.makedev(8, 2)))


def test_where_the_mounts_cannot_be_read_nothing_is_in_the_cloud(tmp_path: Path) -> None:
    check = CloudDetector(tmp_path / "none", LinuxStat)
    assert not _says(check, LinuxStat(0, 1000, os.makedev(0, 60)))


def test_the_mounts_are_read_once_and_only_for_a_file_without_blocks(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    check = CloudDetector(mounts, LinuxStat)
    assert not _says(check, LinuxStat(8, 1000, os.makedev(0, 60)))
    mounts.write_text(MOUNTS)
    assert _says(check, LinuxStat(0, 1000, os.makedev(0, 60)))
    mounts.unlink()
    assert _says(check, LinuxStat(0, 1000, os.makedev(0, 61)))


def test_a_system_that_marks_nothing_has_none() -> None:
    class Plain(NamedTuple):
        st_size: int

    assert not CloudDetector(stat_type=Plain).is_online_only("/a.jpg", cast(os.stat_result, Plain(3)))


def test_files_on_this_machines_own_disk_are_no_clouds(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * 5000)
    (tmp_path / "sparse.jpg").touch()
    os.truncate(tmp_path / "sparse.jpg", 1_000_000)
    assert not look(CloudDetector(), tmp_path / "a.jpg")
    assert not look(CloudDetector(), tmp_path / "sparse.jpg")
    assert not look(CloudDetector(), tmp_path / "none.jpg")


@pytest.mark.parametrize(
    ("name", "behind"),
    [
        ("a.jpg.nextcloud", "a.jpg"),
        ("a.b.owncloud", "a.b"),
        ("照片.png.opencloud", "照片.png"),
        (".a.jpg.icloud", "a.jpg"),
        ("a.jpg.icloud", ""),
        ("a.jpg", ""),
        ("nextcloud", ""),
        (".icloud", ""),
        ("a.nextcloud.jpg", ""),
    ],
)
def test_a_clients_stand_in_has_the_name_of_its_file(name: str, behind: str) -> None:
    assert name_behind(name) == behind


@pytest.mark.parametrize(
    "stand_in", ["a.jpg.nextcloud", "a.jpg.owncloud", "a.jpg.opencloud", ".a.jpg.icloud"]
)
def test_a_file_that_a_stand_in_took_the_place_of_is_in_the_cloud(tmp_path: Path, stand_in: str) -> None:
    (tmp_path / stand_in).write_bytes(b" ")
    assert has_stand_in(str(tmp_path / "a.jpg"))
    assert look(CloudDetector(), tmp_path / "a.jpg")
    assert not has_stand_in(str(tmp_path / "b.jpg"))


def test_a_scan_finds_files_behind_their_stand_ins(tmp_path: Path) -> None:
    for name in (
        "a.jpg.nextcloud",
        ".b.jpg.icloud",
        "c.jpg",
        "c.jpg.owncloud",
        "d.mov.nextcloud",
        "e.nextcloud",
    ):
        (tmp_path / name).write_bytes(b" ")
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "f.jpg.nextcloud").write_bytes(b" ")
    source = Source(1, tmp_path, SourceKind.FOLDER, SourceOptions(exclude=("private",)))
    scan = Scan(source, Selection(source, frozenset({"jpg"})), CancelToken())
    assert sorted(Path(stat.path).name for stat in scan) == ["a.jpg", "b.jpg", "c.jpg"]
    there = {str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")}
    assert scan.online_only == scan.stood_in_for == there
    assert scan.passed_over == {"mov": 1, "": 1}
