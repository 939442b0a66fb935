"""Tests of searching before the model is loaded: words and stored vectors are used, and nothing is loaded."""

from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.fakes import FakeEmbedder, picture

from imagefinder.domain.errors import ModelError, UsageError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.readers.reader_registry import extensions
from imagefinder.thumbnails.cache import ThumbnailCache


class SlowModel(FakeEmbedder):
    """Embedder that must be loaded first, and records whether it was."""

    def __init__(self) -> None:
        super().__init__()
        self.towers: list[str] = []

    @property
    def is_text_loaded(self) -> bool:
        return "text" in self.towers

    @property
    def is_image_loaded(self) -> bool:
        return "image" in self.towers

    def encode_texts(self, texts):  # type: ignore[no-untyped-def]
        self.towers.append("text")
        # The fake embedder makes text vectors from pictures, so ``super`` would count as loading the image
        # tower.
        return FakeEmbedder().encode_texts(texts)

    def encode_images(self, prepared):  # type: ignore[no-untyped-def]
        self.towers.append("image")
        return super().encode_images(prepared)


@pytest.fixture
def model() -> SlowModel:
    return SlowModel()


@pytest.fixture
def slow(open_engine: OpenEngine, three_pictures: Path, model: SlowModel) -> Engine:
    """A library of three pictures, reopened with a model that is not loaded."""
    first = open_engine()
    save(picture("gray", 1), three_pictures / "red door.png")
    first.jobs.add([three_pictures], SourceOptions())
    first.close()
    return open_engine(model)


def test_words_are_searched_without_the_model_and_that_is_said(slow: Engine, model: SlowModel) -> None:
    results = slow.start_search(Query("door"), may_load=False)
    assert [hit.path.name for hit in results.page(0, 9)] == ["red door.png"]
    assert results.is_partial
    assert "still being loaded" in results.note
    assert model.towers == []
    assert not slow.models.is_loaded


def test_a_known_picture_needs_no_model_once_the_index_stands(
    slow: Engine, model: SlowModel, folder: Path
) -> None:
    slow.search(Query(images=(folder / "red.png",)))
    model.towers.clear()
    results = slow.start_search(Query(images=(folder / "red.png",)), may_load=False)
    assert not results.is_partial
    assert len(results.page(0, 9)) == 3
    assert model.towers == []


def test_words_beside_a_known_picture_leave_the_model_out_and_say_so(
    slow: Engine, model: SlowModel, folder: Path
) -> None:
    slow.search(Query(images=(folder / "red.png",)))
    model.towers.clear()
    results = slow.start_search(Query("green", images=(folder / "blue.png",)), may_load=False)
    assert results.is_partial
    assert len(results.page(0, 9)) == 3
    assert model.towers == []


def test_an_unknown_picture_alone_finds_nothing_yet(slow: Engine, folder: Path, tmp_path: Path) -> None:
    save(picture("red"), tmp_path / "elsewhere.png")
    results = slow.start_search(Query(images=(tmp_path / "elsewhere.png",)), may_load=False)
    assert results.is_partial
    assert results.page(0, 9) == ()
    assert not results.has_more(0)


def test_a_query_of_nothing_is_refused_without_the_model_too(slow: Engine) -> None:
    with pytest.raises(UsageError, match="Nothing to look for"):
        slow.start_search(Query(" "), may_load=False)


def test_once_loaded_the_model_takes_part_whatever_may_be_loaded(slow: Engine, model: SlowModel) -> None:
    events: list[Progress] = []
    slow.models.load(events.append)
    assert "text" in model.towers
    assert "image" not in model.towers
    assert events[0].phase is Phase.LOADING_MODEL
    assert slow.models.is_loaded
    results = slow.start_search(Query("red"), may_load=False)
    assert not results.is_partial
    assert results.note == ""
    assert {hit.path.name for hit in results.page(0, 2)} == {"red.png", "red door.png"}


def test_words_need_no_image_tower_and_an_unknown_picture_no_text_tower(
    slow: Engine, model: SlowModel, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "elsewhere.png")
    assert slow.start_search(Query(images=(tmp_path / "elsewhere.png",)), may_load=True).page(0, 9)
    assert set(model.towers) == {"image"}
    slow.start_search(Query("red"), may_load=True)
    assert model.towers.count("text") == 1


def test_asking_whether_it_is_loaded_makes_no_model(tmp_path: Path) -> None:
    def never(_store: object) -> FakeEmbedder:
        raise AssertionError("the model was made")

    engine = Engine(tmp_path / "new", never, ThumbnailCache(tmp_path / "thumbnails"), extensions())
    assert not engine.models.is_loaded
    assert engine.start_search(Query("red"), may_load=False).page(0, 9) == ()
    engine.close()


def test_a_model_that_cannot_be_had_is_named_and_words_go_on_being_searched(
    slow: Engine, tmp_path: Path
) -> None:
    slow.close()

    def missing(_store: object) -> FakeEmbedder:
        raise ModelError("There is no such model.")

    engine = Engine(tmp_path / "library", missing, ThumbnailCache(tmp_path / "thumbnails"), extensions())
    with pytest.raises(ModelError, match="no such model"):
        engine.models.load()
    with pytest.raises(ModelError, match="no such model"):
        _ = engine.embedder.name
    results = engine.start_search(Query("door"), may_load=False)
    assert [hit.path.name for hit in results.page(0, 9)] == ["red door.png"]
    assert results.is_partial
    assert "cannot be used" in results.note
    engine.close()


def test_the_name_of_the_model_needs_no_loading(slow: Engine, model: SlowModel) -> None:
    assert slow.embedder.name == "fake"
    assert model.towers == []
