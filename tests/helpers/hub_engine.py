"""Engine process with a tiny model added to its catalogue."""

import os
from multiprocessing.connection import Connection
from pathlib import Path

from helpers.tiny_offer import entries

from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import EngineOptions

CONFIG = "TINY_CLIP_CONFIG"
"""Name of the environment variable with the path of the tiny model's config."""


def knows_the_tiny_model(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with the tiny model in its catalogue."""
    for table, key, value in entries(Path(os.environ[CONFIG])):
        table[key] = value
    run_engine(connection, options, crash_log)
