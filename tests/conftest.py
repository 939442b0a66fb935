"""Fixtures for all tests. Tests read and write only in temporary folders."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest
from helpers.fakes import FakeEmbedder, picture
from helpers.program import Program
from PIL import Image
from pytestqt.qtbot import QtBot

# Set before PySide6 is imported, so that no test needs a screen. Tests that use a real screen pass its
# platform to the programs they start.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cloud_detection import CloudDetector
from imagefinder.readers.reader_registry import extensions
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache

# Tests save HEIC pictures. The program registers the format only when it opens the first such file.
pillow_heif.register_heif_opener()

# An idle machine meets these waits at once, but pytest-qt's default of 5 s is too short for a busy one.
for _wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals):
    _wait.__kwdefaults__["timeout"] = 100_000  # type: ignore[index]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests of modules that import NumPy as ``numerical``."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item.module, "np"):
            item.add_marker("numerical")


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for variable in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(variable, str(home / variable))
    for variable in (
        "IMAGEFINDER_LIBRARY",
        "HF_HOME",
        "HF_HUB_CACHE",
        "HUGGINGFACE_HUB_CACHE",
    ):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    # Loading a neural network takes a second in each process. Tests of models set this variable themselves.
    monkeypatch.setenv("IMAGEFINDER_MODEL", "builtin")
    # Avoid converting models to OpenVINO where it is installed. Tests of runtimes override this.
    monkeypatch.setenv("IMAGEFINDER_RUNTIME", "torch")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Empty folder for pictures."""
    path = tmp_path / "pictures"
    path.mkdir()
    return path


@pytest.fixture
def embedder() -> FakeEmbedder:
    """Deterministic embedder that counts the pictures it embeds."""
    return FakeEmbedder()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Empty store."""
    opened = Store(tmp_path / "library.db")
    yield opened
    opened.close()


OpenEngine = Callable[..., Engine]


@pytest.fixture
def open_engine(tmp_path: Path, embedder: FakeEmbedder) -> Iterator[OpenEngine]:
    """Factory of engines on one library, with the counting embedder by default. Closes the engines after the test."""
    engines: list[Engine] = []

    def open_it(model: FakeEmbedder | None = None, cloud: CloudDetector | None = None) -> Engine:
        engine = Engine(
            tmp_path / "library",
            lambda _store: model or embedder,
            ThumbnailCache(tmp_path / "thumbnails"),
            extensions(),
            cloud=lambda: cloud or CloudDetector(),
        )
        engines.append(engine)
        return engine

    yield open_it
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(open_engine: OpenEngine) -> Engine:
    """Engine on an empty library."""
    return open_engine()


class Drives:
    """Folders that pass for mount points and can be unplugged and plugged in again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._mounted: set[str] = set()
        real = os.path.ismount
        monkeypatch.setattr(os.path, "ismount", lambda path: str(path) in self._mounted or real(path))

    def mount(self, folder: Path) -> Path:
        """Create a folder and make it a mount point."""
        folder.mkdir(parents=True, exist_ok=True)
        self._mounted.add(str(folder))
        return folder

    def unplug(self, folder: Path, *, leave_folder: bool = False) -> None:
        """Unmount a drive and rename its folder away, optionally leaving an empty folder in its place."""
        self._mounted.discard(str(folder))
        folder.rename(self._aside(folder))
        if leave_folder:
            folder.mkdir()

    def plug_in(self, folder: Path) -> None:
        """Mount an unplugged drive again."""
        if folder.exists():
            folder.rmdir()
        self._aside(folder).rename(folder)
        self._mounted.add(str(folder))

    @staticmethod
    def _aside(folder: Path) -> Path:
        return folder.with_name(f".{folder.name}-unplugged")


@pytest.fixture
def drives(monkeypatch: pytest.MonkeyPatch) -> Drives:
    """Drives that can be unplugged."""
    return Drives(monkeypatch)


@pytest.fixture
def three_pictures(folder: Path) -> Path:
    """Folder with a red, a green and a blue picture."""
    for name in ("red", "green", "blue"):
        save(picture(name), folder / f"{name}.png")
    return folder


def save(image: Image.Image, path: Path) -> None:
    """Save a picture, creating its folder if needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The real program with an empty library."""
    return Program(tmp_path / "program")


@pytest.fixture
def indexed(program: Program, three_pictures: Path) -> Program:
    """The real program with three pictures indexed."""
    assert program.run("add", three_pictures).status == 0
    return program
