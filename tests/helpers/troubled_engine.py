"""Engine processes with troubles that a window meets; importable without Qt, as they run in the engine's process."""

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from helpers.deadly_engine import is_slow

from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import EngineOptions

_STEP_S = 0.01


def beside(options: EngineOptions, name: str) -> Path:
    """A file by which a test and its engine tell each other something."""
    assert options.library is not None
    return options.library.with_name(name)


def thinks_long_about_red(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """The engine, which answers a search for "red" once there is a file called ``thought``."""
    from imagefinder.engine.engine import Engine

    real = Engine.start_search
    thinking, thought = beside(options, "thinking"), beside(options, "thought")

    def start_search(engine: Engine, query: Any, *arguments: Any, **options: Any) -> Any:
        if query.text == "red":
            thinking.touch()
            while not thought.exists():
                time.sleep(_STEP_S)
        return real(engine, query, *arguments, **options)

    Engine.start_search = start_search  # type: ignore[assignment, method-assign]
    run_engine(connection, options, crash_log)


def dies_until_mended(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """An engine that dies at once, until there is a file called ``mended``."""
    if not beside(options, "mended").exists():
        os.abort()
    run_engine(connection, options, crash_log)


def tries_again_soon(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """The engine, which does not wait half a minute for a library that is in use."""
    from imagefinder.ipc.worker.job_queue import JobQueue

    defaults = JobQueue.__init__.__kwdefaults__
    assert defaults is not None
    defaults["retry_s"] = 0.2
    run_engine(connection, options, crash_log)


__all__ = ["dies_until_mended", "is_slow", "thinks_long_about_red", "tries_again_soon"]
