"""The parts of the engine process together."""

from pathlib import Path

import pytest

from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import EngineOptions, Event
from imagefinder.ipc.worker.session import EngineSession


def test_closing_keeps_the_index_before_it_lets_go_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    for name in ("save_index", "save_before_closing", "close"):

        def note(engine: Engine, name: str = name, real: object = getattr(Engine, name)) -> None:
            done.append(name)
            real(engine)  # type: ignore[operator]

        monkeypatch.setattr(Engine, name, note)
    heard: list[Event] = []
    session = EngineSession(EngineOptions(library=tmp_path, model="builtin"), heard.append, lambda: None)
    session.start()
    session.close()
    assert done == ["save_index", "save_before_closing", "close"]
