"""Cloud detection: recognises online-only files, which would be downloaded if they were read."""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

# FILE_ATTRIBUTE_OFFLINE, RECALL_ON_OPEN and RECALL_ON_DATA_ACCESS (Windows SDK, winnt.h).
_WINDOWS_ATTRIBUTES = 0x1000 | 0x40000 | 0x400000
_SF_DATALESS = 0x40000000
"""Flag of online-only files on macOS, from sys/stat.h."""

_MOUNTS = Path("/proc/self/mountinfo")
_CLOUD_FILE_SYSTEMS = frozenset(
    {
        "rclone", "onedriver", "onedrive", "google-drive-ocamlfuse", "gdfuse", "drivefs", "insync", "odrive", "pcloud",
        "pcloud.fs", "expandrive", "dbxfs", "dropbox", "nextcloud", "owncloud", "opencloud", "kdrive", "megafs", "mega",
        "seadrive", "seafile",
    }
)  # fmt: skip
"""Types of FUSE file systems, or names of the programs that mount them, in lower case."""

_SUFFIXES = (".nextcloud", ".owncloud", ".opencloud")
"""Suffixes of sync clients' placeholders for online-only files: ``a.jpg.nextcloud`` in place of ``a.jpg``."""
_ICLOUD = ".icloud"
"""Suffix of placeholders on macOS before 14: ``.a.jpg.icloud`` in place of ``a.jpg``."""
_ALL_SUFFIXES = (*_SUFFIXES, _ICLOUD)


class CloudDetector:
    """Detects online-only files by their ``stat``. A file is considered local in case of doubt.

    The list of mounted file systems is read once, on first use, so each scan needs a new detector.
    """

    def __init__(self, mounts: Path = _MOUNTS, stat_type: type = os.stat_result) -> None:
        """Choose how online-only files are detected on this system.

        Args:
            mounts: Linux's list of mounted file systems, in the format of ``/proc/self/mountinfo``.
            stat_type: result type of ``stat`` on this system. Its fields decide how online-only files are
                recognised.
        """
        self._mounts = mounts
        # Decided once, because it is needed for every file.
        self._is_marked: Callable[[os.stat_result], bool] = _is_never_marked
        if hasattr(stat_type, "st_file_attributes"):
            self._is_marked = _is_marked_by_windows
        elif hasattr(stat_type, "st_flags"):
            self._is_marked = _is_marked_by_macos
        elif hasattr(stat_type, "st_blocks"):
            self._is_marked = self._is_empty_on_cloud

    def is_online_only(self, path: str, status: os.stat_result) -> bool:  # noqa: ARG002 - used by fakes in tests
        """Whether reading a file would download it."""
        return self._is_marked(status)

    def _is_empty_on_cloud(self, status: os.stat_result) -> bool:
        # Other file systems are excluded: a file just written may have no blocks yet, and a small one may be
        # in its inode.
        return status.st_blocks == 0 and status.st_size > 0 and status.st_dev in self._cloud_devices

    @cached_property
    def _cloud_devices(self) -> frozenset[int]:
        try:
            lines = self._mounts.read_text("utf-8", "surrogateescape").splitlines()
        except OSError:  # not Linux
            return frozenset()
        return frozenset(_devices_of_clouds(lines))


def _is_never_marked(_status: os.stat_result) -> bool:
    return False


def _is_marked_by_windows(status: os.stat_result) -> bool:
    return bool(_attribute(status, "st_file_attributes") & _WINDOWS_ATTRIBUTES)


def _is_marked_by_macos(status: os.stat_result) -> bool:
    return bool(_attribute(status, "st_flags") & _SF_DATALESS)


def _attribute(status: os.stat_result, name: str) -> int:
    number: int = getattr(status, name)  # fields of one system only, unknown to mypy on others
    return number


def look(check: CloudDetector, path: Path) -> bool:
    """Whether a file is online only now, or replaced by a placeholder.

    Raises:
        OSError: the file cannot be examined. A missing file does not raise.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return has_stand_in(str(path))
    return check.is_online_only(str(path), status)


def name_behind(name: str) -> str:
    """Return the name of the file that a placeholder of this name replaces, or an empty string."""
    if not name.endswith(_ALL_SUFFIXES):
        return ""
    if name.endswith(_ICLOUD):
        return name[1 : -len(_ICLOUD)] if name.startswith(".") else ""
    return name.rpartition(".")[0]


def has_stand_in(path: str) -> bool:
    """Whether the file at this path is replaced by a placeholder."""
    folder, name = os.path.split(path)
    stand_ins = [path + suffix for suffix in _SUFFIXES]
    stand_ins.append(os.path.join(folder, f".{name}{_ICLOUD}"))  # noqa: PTH118
    return any(map(os.path.lexists, stand_ins))


def _devices_of_clouds(lines: list[str]) -> Iterator[int]:
    for line in lines:
        # ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS [TAGS] - TYPE SOURCE SUPER_OPTIONS (man 5 proc_pid_mountinfo)
        first, separator, second = line.partition(" - ")
        fields, described = first.split(" "), second.split(" ")
        if not separator or len(fields) < 3 or len(described) < 2:
            continue
        kind, source = described[0].lower(), described[1].lower()
        program = kind.removeprefix("fuse.") if kind.startswith("fuse.") else source.rpartition("/")[2]
        major, _, minor = fields[2].partition(":")
        if (
            kind.startswith("fuse")
            and program in _CLOUD_FILE_SYSTEMS
            and major.isdecimal()
            and minor.isdecimal()
        ):
            yield os.makedev(int(major), int(minor))
