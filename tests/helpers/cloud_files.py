"""Cloud detection for tests: files that count as online-only by name, and a record of the files opened."""

import os
import sys
from pathlib import Path

from imagefinder.engine.indexing.cloud_detection import CloudDetector


class FakeCloud(CloudDetector):
    """Cloud detector that decides by file name, and records which of these files are opened for reading."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = set(names)
        self.opened: list[str] = []
        """Names of the files opened, once for each time a file was opened."""
        _CLOUDS.append(self)

    def is_online_only(self, path: str, status: os.stat_result) -> bool:
        return Path(path).name in self.names


_CLOUDS: list[FakeCloud] = []


def _note_opening(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], str | bytes):
        return
    flags = arguments[2]
    # Ignore opening with O_CREAT, because tests create these files first.
    if isinstance(flags, int) and not flags & os.O_CREAT:
        name = Path(os.fsdecode(arguments[0])).name
        for cloud in _CLOUDS:
            if name in cloud.names:
                cloud.opened.append(name)


# An audit hook sees every way of opening a file.
sys.addaudithook(_note_opening)
