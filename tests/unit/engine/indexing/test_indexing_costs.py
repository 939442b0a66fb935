"""Tests of indexing costs: a file is opened and decoded once, a batch is committed in one transaction."""

import os
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from conftest import OpenEngine, save
from helpers.fakes import FakeEmbedder, FloatArray, counts, pdf, picture
from PIL import Image, ImageFile

from imagefinder.domain.errors import ModelError
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing import decode_pool
from imagefinder.readers import disk

_OPENED: list[str] | None = None


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _OPENED is not None:
        _OPENED.append(str(arguments[0]))


sys.addaudithook(_note)  # cannot be removed, so it does nothing outside ``opened_in``


@contextmanager
def opened_in(folder: Path) -> Iterator[Counter[str]]:
    """Count how often each file of the folder is opened in the ``with`` block, by name."""
    global _OPENED
    found: Counter[str] = Counter()
    _OPENED = []
    try:
        yield found
    finally:
        paths, _OPENED = map(Path, _OPENED), None
        found.update(path.name for path in paths if path.parent == folder and path.suffix)


def test_a_file_is_opened_once(engine: Engine, folder: Path) -> None:
    pillow_heif.register_heif_opener()
    for name in ("a.jpg", "b.png", "c.webp", "d.heic", "e.tif", "f.gif", "g.avif"):
        save(picture("red", ord(name[0])), folder / name)
    pdf(folder / "h.pdf", ["one page"])
    with opened_in(folder) as opened:
        assert counts(engine.jobs.add([folder], SourceOptions())) == {"indexed": 8}
    assert opened == {path.name: 1 for path in folder.iterdir()}


def test_a_giant_file_is_read_in_pieces_and_not_held_in_memory(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "READ_WHOLE", 100)
    contents: list[str] = []
    real = decode_pool.open_content

    def open_content(path: Path) -> BufferedReader | BytesIO:
        content = real(path)
        contents.append(type(content).__name__)
        return content

    monkeypatch.setattr(decode_pool, "open_content", open_content)
    save(picture("red"), folder / "a.png")
    pdf(folder / "b.pdf", ["words"])
    assert counts(engine.jobs.add([folder], SourceOptions())) == {"indexed": 2}
    assert contents == ["BufferedReader", "BufferedReader"]


def test_what_was_hashed_is_what_is_decoded_though_the_file_changes_meanwhile(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "a.png"
    save(picture("red"), path)
    real = decode_pool.open_media

    def changed(*arguments: object) -> object:
        save(picture("blue"), path)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(decode_pool, "open_media", changed)
    engine.jobs.add([folder], SourceOptions())
    monkeypatch.undo()
    (hit,) = engine.search(Query("red")).hits
    assert hit.score > 0.99
    assert counts(engine.jobs.index()) == {"indexed": 1}


def test_a_picture_is_decoded_once_for_the_model_and_the_thumbnail(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.png"):
        save(picture("red", ord(name[0]), size=(1600, 1200)), folder / name)
    opened: Counter[str] = Counter()
    decoded: Counter[tuple[str | None, tuple[int, int]]] = Counter()
    real_open, real_load = Image.open, ImageFile.ImageFile.load

    def open_(*arguments: object, **options: object) -> ImageFile.ImageFile:
        found = real_open(*arguments, **options)  # type: ignore[arg-type]
        opened[str(found.format)] += 1
        return found

    def load(self: ImageFile.ImageFile) -> object:
        if self.tile:
            decoded[self.format, self.size] += 1
        return real_load(self)

    monkeypatch.setattr(Image, "open", open_)
    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    engine.jobs.add([folder], SourceOptions())
    assert opened == {"JPEG": 1, "PNG": 1}
    # The JPEG is decoded at a quarter of its size, never in full.
    assert decoded == {("JPEG", (400, 300)): 1, ("PNG", (1600, 1200)): 1}


def _transactions(engine: Engine, folder: Path, begin: int, end: int) -> int:
    for number in range(begin, end):
        save(picture("gray", number), folder / f"{number}.png")
    run: list[str] = []
    connection = engine._store._db.connection
    connection.set_trace_callback(run.append)
    engine.jobs.index()
    connection.set_trace_callback(None)
    return sum(statement.startswith("BEGIN IMMEDIATE") for statement in run)


def test_a_batch_is_one_transaction(engine: Engine, embedder: FakeEmbedder, folder: Path) -> None:
    engine.jobs.add([folder], SourceOptions())
    of_one = _transactions(engine, folder, 0, embedder.batch_size)
    of_five = _transactions(engine, folder, 100, 100 + 5 * embedder.batch_size)
    assert of_five == of_one + 4


class Watching(FakeEmbedder):
    """Embedder that records the niceness of the threads that use it."""

    def __init__(self) -> None:
        super().__init__()
        self.niceness: dict[str, set[int]] = {"prepare": set(), "images": set(), "texts": set()}

    def _note(self, what: str) -> None:
        self.niceness[what].add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def prepare(self, image: Image.Image) -> Any:
        self._note("prepare")
        return super().prepare(image)

    def encode_images(self, prepared: Any) -> Any:
        self._note("images")
        return super().encode_images(prepared)

    def encode_texts(self, texts: Any) -> Any:
        self._note("texts")
        return FakeEmbedder().encode_texts(texts)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a niceness for each thread")
def test_decoding_and_embedding_give_way_to_searches(open_engine: OpenEngine, three_pictures: Path) -> None:
    watching = Watching()
    engine = open_engine(watching)
    engine.jobs.add([three_pictures], SourceOptions())
    here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    engine.search(Query("red"))
    assert watching.niceness == {
        "prepare": {min(here + 10, 19)},
        "images": {min(here + 10, 19)},
        "texts": {here},
    }


def test_no_thread_is_left_when_a_job_is_over(engine: Engine, three_pictures: Path) -> None:
    before = set(threading.enumerate())
    engine.jobs.add([three_pictures], SourceOptions())
    assert set(threading.enumerate()) <= before


class Loading(FakeEmbedder):
    """Embedder that records when it is loaded, and determines its batch size by trial."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[str] = []
        self.failure: ModelError | None = None
        self.has_prepared = threading.Event()

    @property
    def batch_size(self) -> int:
        assert self.has_prepared.wait(10), "nothing is decoded while the size of batches is found out"
        return super().batch_size

    def prepare(self, image: Image.Image) -> FloatArray:
        self.has_prepared.set()
        return super().prepare(image)

    def load_images(self) -> None:
        self.steps.append("load")
        self._fail()

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        self.steps.append(f"embed {len(prepared)}")
        self._fail()
        return super().encode_images(prepared)

    def _fail(self) -> None:
        if self.failure:
            raise self.failure


def test_the_model_is_loaded_while_the_first_batch_is_decoded(open_engine: OpenEngine, folder: Path) -> None:
    for number in range(6):
        save(picture("red", number), folder / f"{number}.png")
    model = Loading()
    with closing(open_engine(model)) as engine:
        engine.jobs.add([folder], SourceOptions())
        assert model.steps == ["load", "embed 4", "embed 2"]
        model.steps.clear()
        (folder / "0.png").rename(folder / "renamed.png")
        assert counts(engine.jobs.index()) == {"reused": 1, "unchanged": 5}
        assert model.steps == [], "what only moved needs no model"


def test_a_model_that_cannot_be_loaded_ends_the_job_with_its_reason(
    open_engine: OpenEngine, folder: Path
) -> None:
    save(picture("red"), folder / "a.png")
    model = Loading()
    model.failure = ModelError("The weights are damaged.")
    with closing(open_engine(model)) as engine:
        with pytest.raises(ModelError, match="damaged"):
            engine.jobs.add([folder], SourceOptions())
        model.failure = None
        assert counts(engine.jobs.index()) == {"indexed": 1}
