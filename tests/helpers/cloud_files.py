"""A cloud for tests: files that are online only because of their names, and a watch on who opens them."""

import os
import sys
from pathlib import Path

from imagefinder.engine.indexing.cloud_detection import CloudDetector


class FakeCloud(CloudDetector):
    """Takes files for online only by their names, and notes which of them are opened for reading."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = set(names)
        self.opened: list[str] = []
        """Names, of each file as often as it was opened."""
        _CLOUDS.append(self)

    def is_online_only(self, path: str, status: os.stat_result) -> bool:
        return Path(path).name in self.names


_CLOUDS: list[FakeCloud] = []


def _note_opening(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open" or not isinstance(arguments[0], str | bytes):
        return
    flags = arguments[2]
    # Tests write them first.
    if isinstance(flags, int) and not flags & os.O_CREAT:
        name = Path(os.fsdecode(arguments[0])).name
        for cloud in _CLOUDS:
            if name in cloud.names:
                cloud.opened.append(name)


# By Python's own record of what is opened, however it is opened.
sys.addaudithook(_note_opening)
