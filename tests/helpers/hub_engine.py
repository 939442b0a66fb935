"""The engine's process with one more model in its tables, the tiny one, whose config the environment names."""

import os
from multiprocessing.connection import Connection
from pathlib import Path

from helpers.tiny_offer import entries

from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import EngineOptions

CONFIG = "TINY_CLIP_CONFIG"
"""The environment variable."""


def knows_the_tiny_model(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """The engine with the tiny model in its catalogue."""
    for table, key, value in entries(Path(os.environ[CONFIG])):
        table[key] = value
    run_engine(connection, options, crash_log)
