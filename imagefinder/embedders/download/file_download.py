"""Download of one file from a hub: resumable, verified by checksum, renamed into place when complete."""

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
"""Suffix of incomplete files."""

_TRIES = 4
"""Maximum number of consecutive attempts without receiving a byte."""
_WAIT_S = 1.0
"""Seconds before the second attempt. Doubled before each further one."""
_BLOCK = 1 << 22

ShouldStop = Callable[[], bool]
Progress = Callable[[int], None]


def part_of(target: Path, file: HubFile) -> Path:
    """Return the path of the incomplete file during the download. Each version of the file has its own."""
    version = hashlib.sha256((file.checksum or file.commit).encode()).hexdigest()[:16]
    return target.with_name(f"{target.name}.{version}{PART}")


def fetch(hub: Hub, file: HubFile, target: Path, progress: Progress, should_stop: ShouldStop) -> None:
    """Download ``file`` to ``target``, resuming an interrupted download, and verify it by the hub's checksum.

    Args:
        hub: The hub to download from.
        file: The file, as looked up on the hub.
        target: Destination. Its folder must exist.
        progress: Called with the number of bytes present.
        should_stop: Called many times a second.

    Raises:
        HubError: The file cannot be downloaded. Received bytes are kept.
        WrongBytesError: The content does not match what the hub states. It is deleted.
        CancelledError: ``should_stop()`` returned true. Received bytes are kept.
        OSError: The file cannot be written. Received bytes are kept.
    """
    part = part_of(target, file)
    for old in target.parent.glob(f"{target.name}.*{PART}"):
        if old != part:  # a version that is no longer on the hub
            old.unlink()
    if target.exists():  # completed earlier, but a later step failed
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
    # Without a stated size, it is unknown whether the present bytes are complete, so the download starts over.
    part.open("wb" if file.size is None else "ab").close()
    tries = 0
    with part.open("rb+") as out:
        at = out.seek(0, os.SEEK_END)
        while True:
            began = at
            try:
                for place, piece in stoppable(partial(hub.read, file, at), should_stop):
                    if place != at:  # servers without range support start at 0
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
    """Call ``Hub.look_up`` with retries after temporary failures.

    Raises:
        HubError: The look-up failed.
        CancelledError: ``should_stop()`` returned true.
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
    """Return whether size and checksum match those that the hub states. True if the hub states none."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return False
    if set(file.checksum) <= set("0123456789abcdef") and len(file.checksum) in (40, 64):
        is_git = len(file.checksum) == 40
        # Git's hash of a file is the SHA-1 of its length and content (git-hash-object).
        digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False) if is_git else hashlib.sha256()
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                if should_stop():
                    raise CancelledError(tr("Stopped."))
                digest.update(block)
        return digest.hexdigest() == file.checksum
    return True
