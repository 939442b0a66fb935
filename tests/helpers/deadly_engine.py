"""Targets for engine processes in tests: the real engine, made to crash, hang, or run slowly."""

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import EngineOptions


def dies_at_once(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Abort before the engine starts."""
    os.abort()


def dies_of_killers(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine and abort in whichever process decodes a file named ``killer*``.

    This imitates a crash in a C library, in the engine process or in a decoder process.
    """
    from imagefinder.engine.indexing import decode_pool
    from imagefinder.isolation import decoders, starting

    def deadly(real: Any) -> Any:
        def open_media(path: Path, *content: Any) -> Any:
            if path.name.startswith("killer"):
                os.abort()
            return real(path, *content)

        return open_media

    decode_pool.open_media = deadly(decode_pool.open_media)
    decoders.open_media = deadly(decoders.open_media)
    starting.BOOT = DYING_OF_KILLERS
    run_engine(connection, options, crash_log)


DYING_OF_KILLERS = """
import json, os, sys
options = json.loads(sys.argv[1])
sys.path[:] = options["path"]
from imagefinder.isolation import decoder_worker
from imagefinder.readers import reader_registry
real = reader_registry.open_media

def open_media(path, content=None):
    if path.name.startswith("killer"):
        os.abort()
    return real(path, content)

reader_registry.open_media = open_media
decoder_worker.main(options)
"""


def is_slow(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with a decoder that takes 0.05 s longer for each file."""
    from imagefinder.engine.indexing import decode_pool

    real = decode_pool.open_media

    def open_media(path: Path, *content: Any) -> Any:
        time.sleep(0.05)
        return real(path, *content)

    decode_pool.open_media = open_media  # type: ignore[assignment]
    run_engine(connection, options, crash_log)


def reads_for_ever(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with a decoder that never returns for files named ``endless*``."""
    from imagefinder.engine.indexing import decode_pool

    real = decode_pool.open_media

    def open_media(path: Path, *content: Any) -> Any:
        while path.name.startswith("endless"):
            time.sleep(60)
        return real(path, *content)

    decode_pool.open_media = open_media  # type: ignore[assignment]
    run_engine(connection, options, crash_log)


def loads_slowly(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with a model that finishes loading once a file named ``load now`` exists beside the library."""
    from imagefinder.engine.models.loaded_model import LoadedModel

    real = LoadedModel.load
    assert options.library is not None
    door = options.library.with_name("load now")

    def load(slot: LoadedModel, *arguments: Any) -> None:
        while not door.exists():
            time.sleep(0.01)
        real(slot, *arguments)

    # The built-in model needs no loading, so pretend that it does.
    LoadedModel.is_loaded = property(lambda slot: door.exists())  # type: ignore[assignment, method-assign]
    LoadedModel.load = load  # type: ignore[assignment, method-assign]
    run_engine(connection, options, crash_log)


def never_stops(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run a process that ignores every message."""
    while True:
        time.sleep(60)


def dawdles_at_the_end(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine with a delay of 0.3 s before it closes."""
    from imagefinder.ipc.worker.session import EngineSession

    real = EngineSession.close

    def close(session: EngineSession) -> None:
        time.sleep(0.3)
        real(session)

    EngineSession.close = close  # type: ignore[assignment, method-assign]
    run_engine(connection, options, crash_log)
