"""Search and render workers: order of answers, and dropped requests."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from imagefinder.domain.errors import LibraryError, ModelError, UnreadableError, UsageError
from imagefinder.domain.queries import Query
from imagefinder.domain.reasons import ReasonCode
from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import (
    ClosePane,
    Done,
    Event,
    Failed,
    Hits,
    MakeThumbnail,
    ModelChanged,
    ModelState,
    MoreHits,
    Search,
    SetHidden,
    ShowItem,
    ThumbnailMade,
)
from imagefinder.ipc.worker.model_loader import ModelLoader
from imagefinder.ipc.worker.render_worker import RenderWorker
from imagefinder.ipc.worker.search_worker import SearchWorker
from imagefinder.translation import use_language

_PATIENCE_S = 30.0


class Ear:
    """Thread-safe recorder of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def hear(self, event: Event) -> None:
        with self._changed:
            self.events.append(event)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[Event]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.events) >= count, _PATIENCE_S), self.events
            return list(self.events)


class SlowEngine:
    """Fake engine whose work waits for a gate, and which records its calls."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.asked: list[str] = []
        self.may_load: list[bool] = []

    def _work(self, what: str) -> None:
        self.asked.append(what)
        self.begun.set()
        assert self.gate.wait(_PATIENCE_S)

    def start_search(self, query: Query, sort: object, *, may_load: bool) -> Any:
        self.may_load.append(may_load)
        self._work(query.text)
        if query.text == "bad":
            raise UsageError("Nothing to look for.")
        if query.text == "bug":
            raise KeyError("bug")
        return SimpleNamespace(
            page=lambda offset, count: (),
            has_more=lambda offset: False,
            model="fake",
            took_ms=1.0,
            note="",
            is_partial=not may_load,
            has_rest=False,
        )

    def set_hidden(self, item_ids: object, hidden: bool) -> None:
        self._work(f"hide {hidden}")
        if item_ids == (66,):
            raise LibraryError("The disk is full.")

    def make_thumbnail(self, item_id: int) -> Path:
        self._work(f"thumbnail {item_id}")
        if item_id == 66:
            raise UnreadableError(ReasonCode.TRUNCATED)
        if item_id == 68:
            raise UnreadableError(ReasonCode.CHANGED)
        if item_id == 67:
            raise KeyError("bug")
        return Path(f"/{item_id}.jpg")

    def show(self, item_id: int, **_: object) -> Any:
        self._work(f"show {item_id}")
        raise UsageError("It is gone.")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def engine() -> SlowEngine:
    return SlowEngine()


@pytest.fixture
def loader() -> Any:
    return SimpleNamespace(is_over=True, error="")


@pytest.fixture
def searches(engine: SlowEngine, loader: Any, ear: Ear) -> Iterator[SearchWorker]:
    desk = SearchWorker(cast(Engine, engine), loader, ear.hear)
    desk.start()
    yield desk
    engine.gate.set()
    desk.close(_PATIENCE_S)


@pytest.fixture
def pictures(engine: SlowEngine, ear: Ear, tmp_path: Path) -> Iterator[RenderWorker]:
    desk = RenderWorker(cast(Engine, engine), tmp_path, ear.hear, workers=1)
    desk.start()
    yield desk
    engine.gate.set()
    desk.close(_PATIENCE_S)


def test_of_a_panes_searches_that_wait_only_the_newest_is_answered(
    searches: SearchWorker, engine: SlowEngine, ear: Ear
) -> None:
    searches.ask(Search(1, 1, Query("first")))
    assert engine.begun.wait(_PATIENCE_S)
    for request_id, pane in ((2, 1), (3, 2), (4, 1), (5, 1)):
        searches.ask(Search(request_id, pane, Query(str(request_id))))
    engine.gate.set()
    answered = [event.request_id for event in ear.wait_for(3) if isinstance(event, Hits)]
    assert answered == [1, 3, 5]


def test_what_is_hidden_is_hidden_before_the_next_search(
    searches: SearchWorker, engine: SlowEngine, ear: Ear
) -> None:
    searches.ask(Search(1, 1, Query("before")))
    searches.ask(SetHidden((1,), True))
    searches.ask(Search(2, 1, Query("after")))
    engine.gate.set()
    ear.wait_for(1)
    searches.ask(Search(3, 2, Query("end")))
    ear.wait_for(2)
    assert engine.asked[-3:] == ["hide True", "after", "end"]


def test_hiding_is_answered(searches: SearchWorker, engine: SlowEngine, ear: Ear) -> None:
    engine.gate.set()
    searches.ask(SetHidden((1,), True, 5))
    searches.ask(SetHidden((66,), True, 6))
    assert ear.wait_for(2) == [Done(5), Failed(6, "The disk is full.")]


def test_more_hits_are_of_the_panes_own_last_search(
    searches: SearchWorker, engine: SlowEngine, ear: Ear
) -> None:
    engine.gate.set()
    searches.ask(Search(1, 1, Query("a")))
    ear.wait_for(1)
    searches.ask(MoreHits(99, 1, offset=5))
    searches.ask(MoreHits(1, 1, offset=7))
    assert [event.offset for event in ear.wait_for(2) if isinstance(event, Hits)] == [0, 7]
    searches.ask(ClosePane(1))
    searches.ask(MoreHits(1, 1, offset=9))
    searches.ask(Search(2, 2, Query("b")))
    assert [event.request_id for event in ear.wait_for(3) if isinstance(event, Hits)] == [1, 1, 2]


def test_a_search_that_fails_is_answered_and_the_next_goes_on(
    searches: SearchWorker, engine: SlowEngine, ear: Ear
) -> None:
    engine.gate.set()
    for request_id, text in ((1, "bad"), (2, "bug"), (3, "good")):
        searches.ask(Search(request_id, request_id, Query(text)))
    bad, bug, good = ear.wait_for(3)
    assert bad == Failed(1, "Nothing to look for.")
    assert isinstance(bug, Failed)
    assert "mistake" in bug.message
    assert isinstance(good, Hits)


def test_a_model_that_is_not_there_is_not_waited_for(
    searches: SearchWorker, engine: SlowEngine, loader: Any, ear: Ear
) -> None:
    engine.gate.set()
    loader.is_over = False
    searches.ask(Search(1, 1, Query("loading")))
    ear.wait_for(1)
    loader.is_over, loader.error = True, "The model cannot be had."
    searches.ask(Search(2, 1, Query("failed")))
    loading, failed = ear.wait_for(2)
    assert engine.may_load == [False, False]
    assert isinstance(loading, Hits)
    assert isinstance(failed, Hits)
    assert loading.is_partial
    assert not failed.is_partial, "there is nothing to wait for"


def test_previews_go_first_and_the_newest_thumbnail_before_older_ones(
    pictures: RenderWorker, engine: SlowEngine, ear: Ear
) -> None:
    pictures.make(MakeThumbnail(1, "1"))
    assert engine.begun.wait(_PATIENCE_S)
    for item_id in (3, 4, 5, 3):
        pictures.make(MakeThumbnail(item_id, str(item_id)))
    pictures.make(ShowItem(7, 9))
    engine.gate.set()
    events = ear.wait_for(5)
    assert Failed(7, "It is gone.") in events
    assert [event.key for event in events if isinstance(event, ThumbnailMade)] == ["1", "3", "5", "4"]
    assert engine.asked[1:] == ["show 9", "thumbnail 3", "thumbnail 5", "thumbnail 4"]


def test_previews_of_yesterday_are_deleted(tmp_path: Path, engine: SlowEngine, ear: Ear) -> None:
    old, new = tmp_path / "old.jpg", tmp_path / "new.jpg"
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    desk = RenderWorker(cast(Engine, engine), tmp_path, ear.hear, workers=1)
    desk.start()
    engine.gate.set()
    desk.make(MakeThumbnail(1, "1"))
    ear.wait_for(1)
    desk.close(_PATIENCE_S)
    assert list(tmp_path.iterdir()) == [new]


def test_previews_are_tidied_while_the_window_is_open(
    pictures: RenderWorker, engine: SlowEngine, ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = threading.Event()
    engine.gate.set()
    pictures.make(ShowItem(1, 1))
    ear.wait_for(1)
    monkeypatch.setattr("imagefinder.ipc.worker.render_worker.tidy_previews", lambda _folder: tidied.set())
    for number in range(2, 21):
        assert not tidied.is_set()
        pictures.make(ShowItem(number, 1))
    assert tidied.wait(_PATIENCE_S)


def test_the_reason_is_in_the_users_language(pictures: RenderWorker, engine: SlowEngine, ear: Ear) -> None:
    engine.gate.set()
    use_language("zh_CN")
    try:
        pictures.make(MakeThumbnail(68, "changed"))
        (made,) = ear.wait_for(1)
    finally:
        use_language("en")
    assert isinstance(made, ThumbnailMade)
    assert made.problem
    assert not made.problem.isascii()


def test_a_thumbnail_that_cannot_be_made_is_answered_with_the_reason(
    pictures: RenderWorker, engine: SlowEngine, ear: Ear
) -> None:
    engine.gate.set()
    pictures.make(MakeThumbnail(66, "cut"))
    assert ear.wait_for(1)[0] == ThumbnailMade(
        "cut", None, "the picture is cut short (the file ends too early)"
    )
    pictures.make(MakeThumbnail(67, "bug"))
    answer = ear.wait_for(2)[1]
    assert isinstance(answer, ThumbnailMade)
    assert answer.problem


@pytest.mark.parametrize("error", [ModelError("Its weights are gone."), RuntimeError("out of memory")])
def test_a_model_that_cannot_be_loaded_is_said_in_a_sentence(error: Exception, ear: Ear) -> None:
    def load_model() -> None:
        raise error

    loader = ModelLoader(
        cast(Engine, SimpleNamespace(models=SimpleNamespace(load=load_model, is_loaded=False))),
        "ViT",
        ear.hear,
    )
    over = threading.Event()
    loader.on_over(over.set)
    loader.start()
    assert over.wait(_PATIENCE_S)
    began, ended = ear.wait_for(2)
    assert began == ModelChanged(ModelState.LOADING, "ViT")
    assert isinstance(ended, ModelChanged)
    assert ended.state is ModelState.FAILED
    assert str(error) in ended.error == loader.error


def test_who_waits_for_the_model_hears_of_the_rest_too(ear: Ear) -> None:
    steps: list[str] = []
    models = SimpleNamespace(
        load=lambda: steps.append("words"),
        is_loaded=False,
        load_image_tower=lambda: steps.append("pictures"),
        calibrate=lambda: steps.append("relevance"),
    )
    embedder = SimpleNamespace(name="ViT", device="cpu", is_english=False)
    loader = ModelLoader(cast(Engine, SimpleNamespace(models=models, embedder=embedder)), "ViT", ear.hear)
    twice = threading.Semaphore(0)

    def listen() -> None:
        steps.append("told")
        twice.release()

    loader.on_over(listen)
    loader.start()
    for _ in range(2):
        assert twice.acquire(timeout=_PATIENCE_S)
    assert steps == ["words", "told", "pictures", "relevance", "told"]
