"""Tests of model switches: the old model answers until the new one has processed everything."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from conftest import Drives, save
from helpers.fakes import FakeEmbedder, FloatArray, pdf, picture

from imagefinder.domain.errors import ModelError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.library import ModelChange
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.readers.reader_registry import extensions
from imagefinder.thumbnails.cache import ThumbnailCache

Open = Callable[..., Engine]


class Models:
    """The models on this machine."""

    def __init__(self) -> None:
        self.here = {"old": FakeEmbedder("old"), "new": FakeEmbedder("new", offset=0.4)}

    def make(self, name: str | None) -> FakeEmbedder:
        if (name or "old") not in self.here:
            raise ModelError(f"The weights of {name} are not on this machine.")
        return self.here[name or "old"]


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def open_library(tmp_path: Path, models: Models) -> Iterator[Open]:
    engines: list[Engine] = []

    def open_it(named: str | None = None) -> Engine:
        engine = Engine(
            tmp_path / "library", models.make, ThumbnailCache(tmp_path / "thumbnails"), extensions(), named
        )
        engines.append(engine)
        return engine

    yield open_it
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(open_library: Open, three_pictures: Path) -> Engine:
    """A library of three pictures, indexed with ``old``."""
    engine = open_library()
    engine.jobs.add([three_pictures], SourceOptions())
    return engine


def _answer(engine: Engine, text: str = "red") -> tuple[str, str]:
    """Return the model that answered, and the name of the best hit."""
    result = engine.search(Query(text))
    return result.model, result.hits[0].path.name


def test_the_old_model_answers_until_the_library_is_indexed_with_the_new_one(engine: Engine) -> None:
    assert engine.models.change("new") == ModelChange("new", 0, 3)
    assert _answer(engine) == ("old", "red.png")
    assert engine.status().change == ModelChange("new", 0, 3)
    engine.jobs.index()
    assert _answer(engine) == ("new", "red.png")
    assert engine.status().model == "new"
    assert engine.status().change is None
    assert engine.status().embedded == {"old:1": 3, "new:1": 3}


def test_searches_go_on_at_every_moment_of_the_change(engine: Engine) -> None:
    answers: list[tuple[str, str]] = []
    phases: set[tuple[Phase, str]] = set()

    def ask(event: Progress) -> None:
        phases.add((event.phase, event.model))
        answers.append(_answer(engine))

    engine.models.change("new")
    engine.jobs.index(ask)
    answers.append(_answer(engine))
    assert {name for _, name in answers} == {"red.png"}
    models = [model for model, _ in answers]
    assert models == sorted(models, reverse=True)  # once the new model has answered, the old one never does
    assert set(models) == {"old", "new"}
    assert (Phase.EMBEDDING, "new") in phases


def test_a_change_that_was_stopped_goes_on_where_it_was(
    engine: Engine, open_library: Open, models: Models, folder: Path
) -> None:
    for number in range(12):
        save(picture("gray", number), folder / f"{number}.png")
    engine.jobs.index()
    engine.models.change("new")
    token = CancelToken()
    embed = models.here["new"].encode_images

    def embed_and_stop(prepared: Sequence[FloatArray]) -> FloatArray:
        token.cancel()
        return embed(prepared)

    models.here["new"].encode_images = embed_and_stop  # type: ignore[method-assign]
    assert engine.jobs.index(cancel=token).cancelled
    engine.close()
    models.here["new"].encode_images = embed  # type: ignore[method-assign]
    assert 0 < models.here["new"].embedded < 15
    again = open_library()
    assert _answer(again)[0] == "old"
    again.jobs.index()
    assert _answer(again)[0] == "new"
    assert models.here["new"].embedded == 15  # none was embedded twice


def test_new_pictures_are_found_by_the_old_model_meanwhile(engine: Engine, folder: Path) -> None:
    engine.models.change("new")
    save(picture("yellow"), folder / "yellow.png")
    found: list[str] = []
    engine.jobs.index(lambda event: found.append(_answer(engine, "yellow")[1]) if event.model else None)
    assert found[0] == "yellow.png"
    assert _answer(engine, "yellow") == ("new", "yellow.png")


def test_pictures_on_a_drive_that_is_away_hold_the_change_up_and_are_not_lost(
    engine: Engine, folder: Path, tmp_path: Path, drives: Drives
) -> None:
    drive = drives.mount(tmp_path / "drive")
    save(picture("yellow"), drive / "yellow.png")
    engine.jobs.add([drive], SourceOptions())
    drives.unplug(drive)
    engine.models.change("new")
    engine.jobs.index()
    assert engine.status().change == ModelChange("new", 3, 4, unreachable=1)
    assert _answer(engine, "yellow") == ("old", "yellow.png")
    drives.plug_in(drive)
    engine.jobs.index()
    assert engine.status().change is None
    assert _answer(engine, "yellow") == ("new", "yellow.png")


def test_a_change_can_be_made_at_once(engine: Engine, folder: Path) -> None:
    assert engine.models.change("new", now=True) is None
    assert engine.status().model == "new"
    engine.jobs.index()
    assert _answer(engine) == ("new", "red.png")


def test_a_change_can_be_called_off(engine: Engine) -> None:
    engine.models.change("new")
    assert engine.models.change("old") is None
    assert engine.status().change is None
    engine.jobs.index()
    assert _answer(engine)[0] == "old"
    assert engine.status().embedded == {"old:1": 3}


def test_coming_back_to_a_model_costs_nothing(engine: Engine, models: Models) -> None:
    engine.models.change("new")
    engine.jobs.index()
    before = models.here["old"].embedded
    assert engine.models.change("old") is None
    assert _answer(engine)[0] == "old"
    assert models.here["old"].embedded <= before + 1  # the query's text


def test_the_old_vectors_go_when_they_are_not_wanted(engine: Engine, models: Models) -> None:
    engine.models.change("new", drop_old=True)
    assert engine.status().embedded["old:1"] == 3
    engine.jobs.index()
    assert engine.status().embedded == {"new:1": 3}
    assert _answer(engine)[0] == "new"
    # Switching back means indexing everything again.
    assert engine.models.change("old") == ModelChange("old", 0, 3)
    engine.jobs.index()
    assert _answer(engine) == ("old", "red.png")


def test_deleting_old_vectors_that_was_interrupted_goes_on(
    engine: Engine, open_library: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> int:
        raise KeyboardInterrupt

    engine.models.change("new", drop_old=True)
    with monkeypatch.context() as patch:
        patch.setattr("imagefinder.store.embeddings.EmbeddingTable.forget", die)
        with pytest.raises(KeyboardInterrupt):
            engine.jobs.index()
    engine.close()
    again = open_library()
    assert again.status().model == "new"
    again.jobs.index()
    assert again.status().embedded == {"new:1": 3}


def test_texts_hidden_marks_and_thumbnails_outlive_a_change(engine: Engine, folder: Path) -> None:
    pdf(folder / "letters.pdf", ["an invoice for a bicycle", "a letter"])
    engine.jobs.index()
    hidden = engine.search(Query("blue")).hits[0]
    engine.set_hidden([hidden.item_id], hidden=True)
    ids = {hit.item_id for hit in engine.search(Query("bicycle")).hits}
    thumbnail = engine.thumbnail(hidden)
    assert thumbnail is not None
    made = thumbnail.stat().st_mtime_ns
    engine.models.change("new", drop_old=True)
    engine.jobs.index()
    hits = engine.search(Query("bicycle")).hits
    assert hits[0].path.name == "letters.pdf"
    assert {hit.item_id for hit in hits} == ids
    assert hidden.item_id not in {hit.item_id for hit in engine.search(Query("blue")).hits}
    assert thumbnail.stat().st_mtime_ns == made


def test_another_process_that_is_open_takes_over_the_change(engine: Engine, open_library: Open) -> None:
    other = open_library()
    assert _answer(other)[0] == "old"
    switched: list[str] = []
    other.models.on_switched(lambda: switched.append(str(other.status().model)))
    engine.models.change("new", drop_old=True)
    engine.jobs.index()
    assert _answer(other) == ("new", "red.png")
    assert switched == ["new"]


def test_a_model_that_is_not_here_is_refused_and_nothing_changes(engine: Engine) -> None:
    with pytest.raises(ModelError, match="not on this machine"):
        engine.models.change("else")
    assert engine.status().change is None
    assert _answer(engine)[0] == "old"


def test_a_next_model_that_went_away_is_said_with_the_way_back_and_the_old_one_answers(
    engine: Engine, open_library: Open, models: Models, folder: Path
) -> None:
    engine.models.change("new")
    engine.close()
    del models.here["new"]
    again = open_library()
    save(picture("yellow"), folder / "yellow.png")
    with pytest.raises(ModelError, match=r"not on this machine.*models use old"):
        again.jobs.index()
    assert _answer(again, "yellow") == ("old", "yellow.png")
    assert again.models.change("old") is None
    again.jobs.index()


def test_where_the_old_model_went_away_the_new_one_answers_at_once(
    engine: Engine, open_library: Open, models: Models
) -> None:
    engine.models.change("new")
    engine.close()
    del models.here["old"]
    again = open_library()
    again.jobs.index()
    assert _answer(again) == ("new", "red.png")


def test_a_library_without_vectors_changes_at_once(open_library: Open) -> None:
    engine = open_library()
    assert engine.models.change("new") is None
    assert engine.status().model == "new"


def test_a_model_named_for_this_run_is_used_and_changes_nothing(engine: Engine, open_library: Open) -> None:
    engine.models.change("new")
    engine.close()
    named = open_library("old")
    named.jobs.index()
    assert named.status().model == "old"
    assert named.status().embedded == {"old:1": 3}
    named.close()
    again = open_library()
    assert again.status().change == ModelChange("new", 0, 3)


def test_vectors_of_a_model_can_be_deleted_by_themselves(engine: Engine) -> None:
    engine.models.change("new")
    engine.jobs.index()
    assert engine.models.forget_vectors("old:1") == 3
    assert engine.status().embedded == {"new:1": 3}
    assert engine.models.forget_vectors("old:1") == 0
    assert _answer(engine)[0] == "new"


def _pending(engine: Engine) -> list[int]:
    return [each.pending for each in engine.status().sources]


def test_during_a_change_what_is_not_yet_read_is_what_the_model_that_answers_has_not_read(
    engine: Engine, folder: Path, models: Models
) -> None:
    engine.models.change("new")
    assert _pending(engine) == [0], "the change has a count of its own"
    save(picture("yellow"), folder / "yellow.png")
    token = CancelToken()
    counted: list[list[int]] = []

    def stop(event: Progress) -> None:
        if event.model:
            counted.append(_pending(engine))
            token.cancel()

    assert engine.jobs.index(stop, token).cancelled
    assert counted[0] == [0]
    assert _pending(engine) == [0]
    assert engine.status().change is not None
    engine.jobs.index()
    assert (engine.status().change, _pending(engine)) == (None, [0])


def test_what_a_model_taken_at_once_has_not_read_is_not_yet_read(
    engine: Engine, folder: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(folder / "long.pdf", [f"page {number}" for number in range(30)])
    engine.jobs.index()
    engine.models.change("new", now=True)
    assert _pending(engine) == [4]
    engine.models.change("old", now=True)
    assert _pending(engine) == [0]
    engine.models.change("new", now=True)
    token = CancelToken()
    real = models.here["new"].encode_images

    def stop(prepared: Sequence[FloatArray]) -> FloatArray:
        token.cancel()
        return real(prepared)

    monkeypatch.setattr(models.here["new"], "encode_images", stop)
    report = engine.jobs.index(cancel=token)
    assert report.pending == _pending(engine)[0] > 0
    engine.jobs.index()
    assert _pending(engine) == [0]
    assert engine.status().embedded == {"old:1": 33, "new:1": 33}


def test_a_model_that_was_named_for_once_reads_nothing_for_the_library_s_own(
    engine: Engine, open_library: Open, folder: Path
) -> None:
    save(picture("yellow"), folder / "yellow.png")
    engine.close()
    named = open_library("new")
    report = named.jobs.index()
    assert (report.indexed, report.pending) == (4, 1)
    assert _pending(named) == [1]
    named.close()
    own = open_library()
    assert _pending(own) == [1]
    assert _answer(own, "yellow")[0] == "old"
    own.jobs.index()
    assert _pending(own) == [0]
    assert _answer(own, "yellow") == ("old", "yellow.png")


def test_a_model_named_for_once_that_is_stopped_leaves_the_library_as_complete_as_it_was(
    engine: Engine, open_library: Open
) -> None:
    engine.close()
    named = open_library("new")
    token = CancelToken()
    token.cancel()
    named.jobs.index(cancel=token)
    assert _pending(named) == [0]
    assert not named.status().sources[0].scan_complete
    named.jobs.index(lambda event: token.cancel() if event.phase is Phase.EMBEDDING else None)
    assert (_pending(named), named.status().sources[0].scan_complete) == ([0], True)
