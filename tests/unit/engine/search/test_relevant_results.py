"""Tests of searching with a calibrated model: matches, and possible matches on request."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenEngine, save
from helpers.fakes import FakeEmbedder, FloatArray, picture
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagefinder.domain.errors import UsageError
from imagefinder.domain.queries import Group, Hit, Query, Sort
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.models import loaded_model
from imagefinder.engine.search import calibration, grouping
from imagefinder.engine.search.relevance import CUT
from imagefinder.store.store import Store

_EVERYTHING = SourceOptions()
_RED = Query("red", limit=100)


class WellRead(FakeEmbedder):
    """Embedder that knows colours, and gives every other text a direction of its own."""

    def __init__(self) -> None:
        super().__init__("well-read")
        self.texts = 0
        """Number of texts embedded so far."""

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        self.texts += len(texts)
        rows = [self._row(text) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dimension), np.float32)

    def _row(self, text: str) -> FloatArray:
        if super().understands(text):
            return super().encode_texts([text])[0]
        row = np.random.default_rng(zlib.crc32(text.encode())).normal(size=self.dimension).astype(np.float32)
        return row / np.linalg.norm(row)

    def understands(self, text: str) -> bool:
        return True


@pytest.fixture
def embedder() -> WellRead:
    return WellRead()


@pytest.fixture
def shades(engine: Engine, folder: Path) -> Path:
    """Thirty indexed pictures of five colours, which their names do not mention."""
    for number in range(30):
        colour = ("red", "lime", "blue", "gray", "yellow")[number % 5]
        save(picture(colour, number), folder / f"{colour[0]}{number:02}.png")
    engine.jobs.add([folder], _EVERYTHING)
    return folder


def test_what_does_not_match_is_left_out_and_said(engine: Engine, shades: Path) -> None:
    result = engine.search(_RED)
    assert {hit.path.name[0] for hit in result.hits[:6]} == {"r"}
    assert 6 <= len(result.hits) < 30
    assert result.has_rest
    assert all(hit.relevance is not None and hit.relevance >= CUT for hit in result.hits)


def test_possible_matches_come_after_the_matches_when_asked_for(engine: Engine, shades: Path) -> None:
    relevant = engine.search(_RED).hits
    everything = engine.search(Query("red", limit=100, include_rest=True))
    assert everything.hits[: len(relevant)] == relevant
    assert len({hit.item_id for hit in everything.hits}) == 30
    assert not everything.has_rest
    rest = everything.hits[len(relevant) :]
    assert all(hit.relevance is not None and hit.relevance < CUT for hit in rest)
    assert {hit.group for hit in relevant} == {Group.MATCH}
    assert {hit.group for hit in rest} == {Group.POSSIBLE}
    for hits in (relevant, rest):
        assert [hit.relevance for hit in hits] == sorted((hit.relevance or 0 for hit in hits), reverse=True)


def test_a_query_that_nothing_answers_finds_nothing_but_has_a_rest(engine: Engine, shades: Path) -> None:
    result = engine.search(Query("quantum tax form"))
    assert result.hits == ()
    assert result.has_rest
    assert len(engine.search(Query("quantum tax form", limit=100, include_rest=True)).hits) == 30


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(
    text=st.sampled_from(["red", "blue", "red r05", "r00", "quantum", "quantum form", "y04 lime"]),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=40),
    include_rest=st.booleans(),
    window=st.sampled_from([4, 512]),
)
def test_pages_of_any_sizes_give_one_list_of_groups_by_falling_relevance(
    engine: Engine, shades: Path, text: str, sizes: list[int], include_rest: bool, window: int
) -> None:
    query = Query(text, limit=100, include_rest=include_rest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "_WINDOW", window)
        patch.setattr(grouping, "_FIRST", 4)
        whole = engine.search(query).hits
        results = engine.start_search(query)
        hits: list[Hit] = []
        for size in (*sizes, 100):
            hits += results.page(len(hits), size)
    assert tuple(hits) == whole
    assert len({hit.item_id for hit in hits}) == len(hits)
    groups = [group for group, _ in groupby(hit.group for hit in hits)]
    assert len(groups) == len(set(groups))
    for group in groups:
        shown = [hit.relevance for hit in hits if hit.group is group]
        assert shown == sorted(shown, key=lambda relevance: -(relevance or 0))


def test_sorted_by_name_the_relevant_are_among_themselves_and_the_rest_after_them(
    engine: Engine, shades: Path
) -> None:
    names = [hit.path.name for hit in engine.search(_RED).hits]
    results = engine.start_search(Query("red", include_rest=True), Sort.NAME)
    sorted_names = [hit.path.name for hit in results.page(0, 100)]
    assert sorted_names[: len(names)] == sorted(names)
    assert sorted_names[len(names) :] == sorted(set(sorted_names) - set(names))


def test_a_least_score_replaces_the_cut(engine: Engine, shades: Path) -> None:
    everything = engine.search(Query("red", limit=100, include_rest=True)).hits
    least = sorted(hit.score for hit in everything)[10] - 1e-4
    result = engine.search(Query("red", limit=100, min_score=least))
    assert len(result.hits) == 20
    assert min(hit.score for hit in result.hits) >= least
    assert not result.has_rest


@pytest.mark.parametrize("score", [1.5, -2.0, float("nan")])
def test_a_least_score_that_is_no_cosine_is_refused(engine: Engine, shades: Path, score: float) -> None:
    with pytest.raises(UsageError, match="between -1 and 1"):
        engine.search(Query("red", min_score=score))


def test_in_a_library_of_red_pictures_alone_all_are_found(engine: Engine, folder: Path) -> None:
    for number in range(12):
        save(picture("red", number), folder / f"{number}.png")
    engine.jobs.add([folder], _EVERYTHING)
    result = engine.search(_RED)
    assert len(result.hits) == 12
    assert not result.has_rest


def test_words_in_a_name_are_found_though_the_model_sees_nothing(engine: Engine, shades: Path) -> None:
    save(picture("gray", 99), shades / "quantum tax form.png")
    engine.jobs.index()
    (hit,) = engine.search(Query("quantum tax form")).hits
    assert hit.path.name == "quantum tax form.png"
    assert (hit.group, hit.relevance) == (Group.WORDS, 1.0)


def test_an_exact_name_comes_first_and_what_the_model_sees_after_it(engine: Engine, shades: Path) -> None:
    save(picture("gray", 99), shades / "red.png")
    save(picture("gray", 98), shades / "redwood.png")
    engine.jobs.index()
    hits = engine.search(_RED).hits
    assert [hit.path.name for hit in hits[:2]] == ["red.png", "redwood.png"]
    assert [(hit.group, hit.relevance) for hit in hits[:2]] == [(Group.WORDS, 1.0), (Group.WORDS, 0.5)]
    assert {hit.group for hit in hits[2:]} == {Group.MATCH}


def test_a_match_that_has_the_word_in_its_name_stands_by_what_it_shows(engine: Engine, shades: Path) -> None:
    before = [(hit.path.name, pytest.approx(hit.relevance, abs=1e-4)) for hit in engine.search(_RED).hits]
    last, relevance = before[-1]
    (shades / last).rename(shades / "red one.png")
    engine.jobs.index()
    hits = engine.search(_RED).hits
    assert [(hit.path.name, hit.relevance) for hit in hits] == [*before[:-1], ("red one.png", relevance)]
    assert (hits[-1].group, hits[-1].text_score) == (Group.MATCH, 1.0)


def test_what_holds_half_of_the_words_comes_after_the_matches(engine: Engine, shades: Path) -> None:
    save(picture("gray", 99), shades / "quantum.png")
    engine.jobs.index()
    hits = engine.search(Query("red quantum")).hits
    assert [hit.group for hit in hits][-1:] == [Group.WORDS]
    assert (hits[-1].path.name, hits[-1].relevance) == ("quantum.png", 0.5)


def test_to_a_picture_something_is_found_in_a_library_of_nothing_but_such(
    engine: Engine, folder: Path
) -> None:
    for number in range(60):
        save(picture("red", number), folder / f"{number:02}.png")
    engine.jobs.add([folder], _EVERYTHING)
    for red in engine.search(_RED).hits:
        assert engine.search(Query(items=(red.item_id,))).hits, red.path


def test_to_a_picture_unlike_most_of_the_library_those_like_it_are_found(
    engine: Engine, folder: Path
) -> None:
    for number in range(60):
        colour = "red" if number % 10 == 0 else ("lime", "blue", "gray", "yellow")[number % 4]
        save(picture(colour, number), folder / f"{colour[0]}{number:02}.png")
    engine.jobs.add([folder], _EVERYTHING)
    (red, *_) = engine.search(_RED).hits
    result = engine.search(Query(items=(red.item_id,), limit=100))
    assert {hit.path.name[0] for hit in result.hits} == {"r"}
    assert result.has_rest


def test_a_hidden_picture_is_no_rest(engine: Engine, folder: Path) -> None:
    save(picture("red", 1), folder / "a.png")
    save(picture("blue", 2), folder / "b.png")
    engine.jobs.add([folder], _EVERYTHING)
    first = engine.search(_RED)
    assert [hit.path.name for hit in first.hits] == ["a.png"]
    assert first.has_rest
    blue = engine.search(Query("red", include_rest=True)).hits[1]
    engine.set_hidden([blue.item_id], True)
    assert not engine.search(_RED).has_rest


def test_before_the_model_is_calibrated_everything_comes_without_relevance(
    open_engine: OpenEngine, shades: Path
) -> None:
    engine = open_engine(WellRead())
    store = Store(engine.folder / "library.db")
    store.calibrations.write(1, "another bank", np.zeros((1, 48), np.float32))
    store.close()
    result = engine.search(_RED)
    assert len(result.hits) == 30
    assert {hit.relevance for hit in result.hits} == {None}
    engine.models.calibrate()
    assert len(engine.search(_RED).hits) < 30


def test_the_bank_is_embedded_once_for_a_library(open_engine: OpenEngine, shades: Path) -> None:
    model = WellRead()
    engine = open_engine(model)
    engine.jobs.index()
    engine.models.calibrate()
    result = engine.search(_RED)
    assert model.texts == 1
    assert result.has_rest


def test_a_cancelled_job_does_not_wait_for_it(engine: Engine, embedder: WellRead, folder: Path) -> None:
    save(picture("red"), folder / "red.png")
    token = CancelToken()
    token.cancel()
    engine.jobs.add([folder], _EVERYTHING, cancel=token)
    assert embedder.texts == 0


def test_a_model_that_knows_few_words_is_not_calibrated(open_engine: OpenEngine, shades: Path) -> None:
    engine = open_engine(FakeEmbedder())
    engine.jobs.index()
    result = engine.search(_RED)
    assert len(result.hits) == 30
    assert {hit.relevance for hit in result.hits} == {None}
    assert not result.has_rest


def test_two_models_of_a_library_have_their_own(store: Store) -> None:
    table = store.calibrations
    first, second = (store.embeddings.register(name, 4).id for name in ("a", "b"))
    table.write(first, "bank", np.full((3, 4), 0.5, np.float32))
    table.write(second, "bank", np.full((2, 4), 0.25, np.float32))
    read = table.read(first, "bank")
    assert read is not None
    assert read.shape == (3, 4)
    assert table.read(first, "a newer bank") is None
    store.embeddings.forget("a")
    assert table.read(first, "bank") is None
    assert table.read(second, "bank") is not None


def test_the_bank_is_of_many_short_queries_each_once() -> None:
    queries = calibration.bank()
    assert len(queries) == len(set(queries)) == 256
    assert all(query == query.strip() and len(query.split()) <= 8 for query in queries)


def test_a_library_that_cannot_be_written_is_calibrated_in_memory(
    open_engine: OpenEngine, shades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(WellRead())
    monkeypatch.setattr(calibration, "bank", lambda: tuple(f"words {number}" for number in range(256)))
    monkeypatch.setattr(calibration, "_bank_hash", lambda: "new")

    def full(*_: object) -> None:
        raise calibration.LibraryError("the disk is full")

    monkeypatch.setattr(engine._store.calibrations, "write", full)
    engine.models.calibrate()
    assert engine.search(_RED).has_rest


def _statements(engine: Engine, query: Query) -> list[str]:
    """Return the SQL statements of a search."""
    run: list[str] = []
    connection = engine._store._db.connection
    connection.set_trace_callback(run.append)
    engine.search(query)
    connection.set_trace_callback(None)
    # FTS5 reports its internal statements, too.
    return [statement for statement in run if not statement.startswith("--")]


def test_a_search_asks_the_store_the_same_few_things_however_many_hits_there_are(
    open_engine: OpenEngine, folder: Path
) -> None:
    for number in range(60):
        save(picture("red", number), folder / f"{number}.png")
    engine = open_engine()
    engine.jobs.add([folder], SourceOptions())
    _statements(engine, Query("red"))
    counts = {
        limit: len(_statements(engine, Query("red", limit=limit, include_rest=True))) for limit in (2, 20, 60)
    }
    assert len(set(counts.values())) == 1
    assert counts[60] <= 11


def test_pictures_that_were_hits_before_are_not_read_again(open_engine: OpenEngine, folder: Path) -> None:
    for number in range(60):
        save(picture("red", number), folder / f"{number}.png")
    engine = open_engine()
    engine.jobs.add([folder], SourceOptions())
    engine.search(Query("red", limit=60, include_rest=True))
    run = _statements(engine, Query("tomato", limit=60, include_rest=True))
    assert not any("vector FROM embeddings" in statement for statement in run)


def test_what_was_warmed_beforehand_is_judged_the_same_and_no_vector_is_read(
    open_engine: OpenEngine, shades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning, prepared = open_engine(WellRead()), open_engine(WellRead())
    prepared.models.warm_background_stats(lambda: False)  # does nothing, since nothing is loaded
    prepared.models.load()
    monkeypatch.setattr(loaded_model, "_ITEMS_AT_ONCE", 7)
    asked = iter([False, False, True])
    prepared.models.warm_background_stats(lambda: next(asked))  # stops early; the next call continues
    prepared.models.warm_background_stats(lambda: False)
    expected = learning.search(replace(_RED, include_rest=True)).hits

    def refuse(*_: object) -> None:
        raise AssertionError("a vector was read")

    monkeypatch.setattr(LiveIndex, "vectors", refuse)
    assert prepared.search(replace(_RED, include_rest=True)).hits == expected
    prepared.models.warm_background_stats(lambda: False)  # does nothing, since all stats are cached
