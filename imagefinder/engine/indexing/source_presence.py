"""Presence of a source: there, offline (its drive is away) or gone."""

import os
import stat
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from imagefinder.domain.sources import Source, SourceKind
from imagefinder.engine.indexing.cloud_detection import has_stand_in


class Presence(Enum):
    """Presence of a source, as far as it can be determined."""

    THERE = auto()
    AWAY = auto()
    """Its drive or network folder is not connected. Also the value in case of doubt."""
    GONE = auto()
    """The drive is there but the source is not: it was moved, renamed or deleted."""


def presence(source: Source) -> Presence:
    """Determine the presence of a source by a few calls of ``stat``.

    An unplugged drive may leave its mount folder behind, empty. Such a folder is not mistaken for one whose
    files were deleted.
    """
    try:
        is_folder = stat.S_ISDIR(os.stat(source.path).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return Presence.GONE if _is_drive_there(source) else Presence.AWAY
    except OSError:  # no permission, or an unresponsive drive
        return Presence.AWAY
    place = Path(os.path.realpath(source.path))
    mounts = [mount for mount in source.mounts if place.is_relative_to(mount)]
    if not all(os.path.ismount(mount) for mount in mounts) and _is_empty_folder(source.path):
        return Presence.AWAY
    if is_folder is (source.kind is SourceKind.FOLDER):
        return Presence.THERE
    # A file has taken the folder's place, or a folder the file's.
    return Presence.GONE if _is_drive_there(source) else Presence.AWAY


def _is_drive_there(source: Source) -> bool:
    """Whether the file system that the source was on is mounted where it was."""
    place = os.path.realpath(source.path)
    while True:
        parent = os.path.dirname(place)  # noqa: PTH120
        if parent == place:
            return False
        place = parent
        try:
            os.stat(place)  # noqa: PTH116
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        break
    mount = mount_point(place)
    if Path(mount) not in source.mounts:
        return False
    # Libraries before version 3 do not record the file system. The one of the home folder is not on a
    # removable drive.
    is_home = mount == mount_point(os.path.realpath(Path("~").expanduser()))
    return volume(mount) == source.volume if source.volume else is_home


def volume(mount: str) -> str:
    """Return an identifier of the file system mounted at a path; empty if it cannot be determined.

    Another drive mounted at the same path usually has another identifier.
    """
    try:
        # On most file systems this is derived from the UUID, so it survives a restart of the machine.
        identifier = os.statvfs(mount).f_fsid if hasattr(os, "statvfs") else 0
        # On Windows ``st_dev`` is the volume's serial number.
        return str(identifier or os.stat(mount).st_dev)  # noqa: PTH116
    except OSError:
        return ""


def mount_point(path: str) -> str:
    """Return the mount point of the file system that a path is on."""
    while not os.path.ismount(path):
        parent = os.path.dirname(path)  # noqa: PTH120
        if parent == path:
            break
        path = parent
    return path


def lost_mounts(source: Source) -> list[Path]:
    """Return the mount points inside a source that had a drive at the last scan and have none now."""
    return [
        mount
        for mount in source.mounts
        if not Path(os.path.realpath(source.path)).is_relative_to(mount)
        and not os.path.ismount(mount)
        and (not os.path.isdir(mount) or _is_empty_folder(mount))  # noqa: PTH112
    ]


def has_left(path: str, sources: Sequence[Source], *, was_offline: bool) -> bool:
    """Whether a file has left its path, as opposed to being on an unplugged drive.

    Args:
        path: where the file was.
        sources: the sources that contain it.
        was_offline: whether it was offline at the last scan.
    """
    if os.path.lexists(path) or has_stand_in(path):
        return False
    if any(Path(path).is_relative_to(mount) for source in sources for mount in lost_mounts(source)):
        return False
    found = [presence(source) for source in sources]
    # A file that was offline may be in an unlistable folder. If one of its sources is gone, it is gone, too.
    return Presence.GONE in found or (not was_offline and all(each is Presence.THERE for each in found))


def _is_empty_folder(path: Path) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:  # not a folder, or an unresponsive drive
        return False
