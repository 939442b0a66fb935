"""Targets for engine processes with faults that the window must handle. Importable without Qt."""

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
    """Return the path of a file beside the library, by which a test and its engine process signal each other."""
    assert options.library is not None
    return options.library.with_name(name)


def thinks_long_about_red(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine, delaying the answer to a search for "red" until a file named ``thought`` exists."""
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
    """Run an engine that dies at once, until a file named ``mended`` exists."""
    if not beside(options, "mended").exists():
        os.abort()
    run_engine(connection, options, crash_log)


def tries_again_soon(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with a short retry interval for a library that is in use, instead of 30 s."""
    from imagefinder.ipc.worker.job_queue import JobQueue

    defaults = JobQueue.__init__.__kwdefaults__
    assert defaults is not None
    defaults["retry_s"] = 0.2
    run_engine(connection, options, crash_log)


__all__ = ["dies_until_mended", "is_slow", "thinks_long_about_red", "tries_again_soon"]
