"""Download one file from a hub: resumable, verified by checksum, renamed into place once complete."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from imagefinder.domain.errors import CancelledError
from imagefinder.embedders.download.cancellable import stoppable
from imagefinder.embedders.download.hub import Hub, HubFile
from imagefinder.embedders.download.hub_errors import PassingHubError, WrongBytesError
from imagefinder.translation import tr

PART = ".part"
"""How the name of a file that is not whole yet ends."""

_TRIES = 4
"""Without a byte in between."""
_WAIT_S = 1.0
"""Before the second; twice as long before each further one."""
_BLOCK = 1 << 22

ShouldStop = Callable[[], bool]
Progress = Callable[[int], None]


def part_of(target: Path, file: HubFile) -> Path:
    """Where a file is kept while it comes; another for each version of it."""
    version = hashlib.sha256((file.checksum or file.commit).encode()).hexdigest()[:16]
    return target.with_name(f"{target.name}.{version}{PART}")


def fetch(hub: Hub, file: HubFile, target: Path, progress: Progress, should_stop: ShouldStop) -> None:
    """Have ``file`` at ``target``, whole and proved by the checksum that the hub states. What came before is used.

    Args:
        hub: where it comes from.
        file: what the hub said of it.
        target: its folder is there already.
        progress: told how many of its bytes are here.
        should_stop: asked many times a second.

    Raises:
        HubError: it cannot be had (what came is kept).
        WrongBytesError: it is not what the hub states (what came is deleted).
        CancelledError: ``should_stop()`` said so; what came is kept.
        OSError: it cannot be written; what came is kept.
    """
    part = part_of(target, file)
    for old in target.parent.glob(f"{target.name}.*{PART}"):
        if old != part:  # of a version that the hub has no more
            old.unlink()
    if target.exists():  # whole once already, but what came after failed
        target.replace(part)
    if file.size is not None and part.exists() and part.stat().st_size > file.size:
        part.unlink()
    if not (part.exists() and part.stat().st_size == file.size):
        _fill(hub, file, part, progress, should_stop)
    progress(part.stat().st_size)
    if not _is_what_was_stated(part, file, should_stop):
        part.unlink()
        raise WrongBytesError(
            tr(
                "What {host} sent as {file} is not what it says it is (its checksum is wrong), so it was deleted, and "
                "nothing of it was used.",
                host=hub.host,
                file=file.name,
            )
        )
    part.replace(target)


def _fill(hub: Hub, file: HubFile, part: Path, progress: Progress, should_stop: ShouldStop) -> None:
    # Whether what is here is all of a file whose size nobody states cannot be known, so it comes anew.
    part.open("wb" if file.size is None else "ab").close()
    tries = 0
    with part.open("rb+") as out:
        at = out.seek(0, os.SEEK_END)
        while True:
            began = at
            try:
                for place, piece in stoppable(partial(hub.read, file, at), should_stop):
                    if place != at:  # a server that knows no ranges begins anew
                        out.seek(place)
                        out.truncate()
                        at = place
                    out.write(piece)
                    at += len(piece)
                    progress(at)
                    if file.size is not None and at > file.size:
                        return
                return
            except PassingHubError:
                tries = 1 if at > began else tries + 1
                if tries >= _TRIES:
                    raise
                _wait(_WAIT_S * 2 ** (tries - 1), should_stop)


def looked_up(hub: Hub, repository: str, name: str, should_stop: ShouldStop) -> HubFile | None:
    """As ``Hub.look_up``, tried several times where the trouble may pass.

    Raises:
        HubError: it cannot be learned.
        CancelledError: ``should_stop()`` said so.
    """

    def ask() -> Iterator[HubFile | None]:
        yield hub.look_up(repository, name)

    tries = 0
    while True:
        try:
            (found,) = stoppable(ask, should_stop)
            return found
        except PassingHubError:
            tries += 1
            if tries >= _TRIES:
                raise
            _wait(_WAIT_S * 2 ** (tries - 1), should_stop)


def _wait(seconds: float, should_stop: ShouldStop) -> None:
    pause = threading.Event()
    for _ in range(max(1, round(seconds * 10))):
        if should_stop():
            raise CancelledError(tr("Stopped."))
        pause.wait(min(seconds, 0.1))


def _is_what_was_stated(path: Path, file: HubFile, should_stop: ShouldStop) -> bool:
    """Whether size and checksum are those that the hub states; where it states none, that is not known to be wrong."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return False
    if set(file.checksum) <= set("0123456789abcdef") and len(file.checksum) in (40, 64):
        is_git = len(file.checksum) == 40
        # Git names a file by the SHA-1 of its length and content (git-hash-object).
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if is_git else hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                if should_stop():
                    raise CancelledError(tr("Stopped."))
                digest.update(block)
        return digest.hexdigest() == file.checksum
    return True
