"""Tests of the query vector cache: repeated queries need no work of the model."""

import os
from pathlib import Path

import numpy as np
import pytest
from conftest import save
from helpers.fakes import FakeEmbedder, picture

from imagefinder.domain.errors import UsageError
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.embedders.embedder import FloatArray
from imagefinder.engine.engine import Engine
from imagefinder.engine.search.query_vector_cache import QueryVectorCache


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A picture that is not in the library."""
    path = tmp_path / "stranger.png"
    save(picture("red"), path)
    return path


@pytest.fixture
def filled(engine: Engine, three_pictures: Path) -> Engine:
    engine.jobs.add([three_pictures], SourceOptions())
    return engine


def test_a_picture_that_is_asked_for_again_is_embedded_once(
    filled: Engine, embedder: FakeEmbedder, stranger: Path
) -> None:
    first = filled.search(Query(images=(stranger,))).hits
    before = embedder.embedded
    assert filled.search(Query(images=(stranger,))).hits == first
    assert embedder.embedded == before


def test_a_picture_that_has_changed_is_looked_at_again(filled: Engine, stranger: Path) -> None:
    assert filled.search(Query(images=(stranger,))).hits[0].path.stem == "red"
    save(picture("blue"), stranger)
    os.utime(stranger, ns=(1, 1))
    assert filled.search(Query(images=(stranger,))).hits[0].path.stem == "blue"


def test_words_that_are_asked_for_again_are_embedded_once(
    filled: Engine, embedder: FakeEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    encode = embedder.encode_texts

    def counted(texts: list[str]) -> FloatArray:
        asked.extend(texts)
        return encode(texts)

    monkeypatch.setattr(embedder, "encode_texts", counted)
    hits = [filled.search(Query(text)).hits for text in ("red", "blue", " red ")]
    assert asked == ["red", "blue"]
    assert hits[0] == hits[2] != hits[1]


def test_a_picture_that_cannot_be_read_is_tried_again(filled: Engine, stranger: Path) -> None:
    good = stranger.read_bytes()
    stranger.write_bytes(b"no picture")
    with pytest.raises(UsageError):
        filled.search(Query(images=(stranger,)))
    stranger.write_bytes(good)
    assert filled.search(Query(images=(stranger,))).hits[0].path.stem == "red"


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    memory = QueryVectorCache()
    made: list[int] = []

    def get(term: int) -> None:
        def make() -> FloatArray:
            made.append(term)
            return np.zeros(1, np.float32)

        memory.get(term, make)

    for term in range(256):
        get(term)
    get(0)
    get(256)
    made.clear()
    get(0)
    get(1)
    assert made == [1]
