"""Whether a source is present, offline (its drive is away) or gone."""

import os
import stat
from collections.abc import Sequence
from enum import Enum, auto
from pathlib import Path

from imagefinder.domain.sources import Source, SourceKind
from imagefinder.engine.indexing.cloud_detection import has_stand_in


class Presence(Enum):
    """Where a source is, as far as can be told."""

    THERE = auto()
    AWAY = auto()
    """Its drive or network folder is not connected; also wherever that cannot be told from ``GONE``."""
    GONE = auto()
    """The drive is there and the source is not: it was moved, renamed or deleted."""


def presence(source: Source) -> Presence:
    """Look for a source by a few calls of ``stat``.

    An unplugged drive may leave its empty mount folder behind; that is not a folder whose files were deleted.
    """
    try:
        is_folder = stat.S_ISDIR(os.stat(source.path).st_mode)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return Presence.GONE if _is_drive_there(source) else Presence.AWAY
    except OSError:  # no permission, or a drive that does not answer
        return Presence.AWAY
    place = Path(os.path.realpath(source.path))
    mounts = [mount for mount in source.mounts if place.is_relative_to(mount)]
    if not all(os.path.ismount(mount) for mount in mounts) and _is_empty_folder(source.path):
        return Presence.AWAY
    if is_folder is (source.kind is SourceKind.FOLDER):
        return Presence.THERE
    # A file stands where the folder was, or the other way round.
    return Presence.GONE if _is_drive_there(source) else Presence.AWAY


def _is_drive_there(source: Source) -> bool:
    """Whether the file system that the source stood on is mounted where it was."""
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
    # Libraries of before version 3 did not say which file system it was: the user's own is no drive to be unplugged.
    is_home = mount == mount_point(os.path.realpath(Path("~").expanduser()))
    return volume(mount) == source.volume if source.volume else is_home


def volume(mount: str) -> str:
    """An identifier of the file system mounted there; another drive at the same place mostly has another one."""
    try:
        # On most file systems made from their UUID, so a restart of the machine does not change it.
        identifier = os.statvfs(mount).f_fsid if hasattr(os, "statvfs") else 0
        # On Windows this is the volume's serial number.
        return str(identifier or os.stat(mount).st_dev)  # noqa: PTH116
    except OSError:
        return ""


def mount_point(path: str) -> str:
    """The mount point that a path stands on."""
    while not os.path.ismount(path):
        parent = os.path.dirname(path)  # noqa: PTH120
        if parent == path:
            break
        path = parent
    return path


def lost_mounts(source: Source) -> list[Path]:
    """Drives mounted inside a source at its last scan that are not mounted now."""
    return [
        mount
        for mount in source.mounts
        if not Path(os.path.realpath(source.path)).is_relative_to(mount)
        and not os.path.ismount(mount)
        and (not os.path.isdir(mount) or _is_empty_folder(mount))  # noqa: PTH112
    ]


def has_left(path: str, sources: Sequence[Source], *, was_offline: bool) -> bool:
    """Whether a file is gone from its path, which is not the same as its drive having been unplugged.

    Args:
        path: where the file was.
        sources: those that contain it.
        was_offline: whether it could not be reached at the last scan.
    """
    if os.path.lexists(path) or has_stand_in(path):
        return False
    if any(Path(path).is_relative_to(mount) for source in sources for mount in lost_mounts(source)):
        return False
    found = [presence(source) for source in sources]
    # What could not be reached may be in a folder that cannot be listed; where its source is gone, it is gone too.
    return Presence.GONE in found or (not was_offline and all(each is Presence.THERE for each in found))


def _is_empty_folder(path: Path) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is None
    except OSError:  # no folder, or one that does not answer
        return False
