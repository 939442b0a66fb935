"""Tests of reading results page by page: all hits, without duplicates, and none that was delivered moves."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from conftest import save
from helpers.fakes import FakeEmbedder, pdf, picture
from PIL import ExifTags, Image

from imagefinder.domain.errors import UsageError
from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.queries import Group, Hit, Query, Sort
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.search import grouping, ranking, result_list
from imagefinder.engine.search.grouping import Grouping
from imagefinder.engine.search.result_list import Answer, ResultList
from imagefinder.engine.search.sorting import natural
from imagefinder.store.store import Store

_EVERYTHING = SourceOptions()


@pytest.fixture(autouse=True)
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the depths, so that forty pictures exceed them."""
    monkeypatch.setattr(ranking, "_DEPTHS", (8, 16, None))
    monkeypatch.setattr(ranking, "_DEPTHS_WITHIN", (8, None))


@pytest.fixture
def shades(engine: Engine, folder: Path) -> Path:
    """Forty indexed pictures in four folders, whose names do not mention their colours."""
    for number in range(40):
        colour = ("red", "green", "blue", "gray")[number % 4]
        save(picture(colour, number), folder / f"folder{number % 4}" / f"{number:02}.png")
    engine.jobs.add([folder], _EVERYTHING)
    return folder


def _read(results: ResultList, count: int) -> list[Hit]:
    hits: list[Hit] = []
    while results.has_more(len(hits)):
        page = results.page(len(hits), count)
        assert 0 < len(page) <= count
        hits += page
    return hits


@pytest.mark.parametrize("count", [1, 3, 7, 40, 1000])
def test_pages_of_any_size_give_every_hit_once_in_one_order(engine: Engine, shades: Path, count: int) -> None:
    hits = _read(engine.start_search(Query("red")), count)
    assert len({hit.item_id for hit in hits}) == 40
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.item_id))
    assert tuple(hits) == engine.search(Query("red", limit=40)).hits


def test_within_a_folder_every_hit_comes_too(engine: Engine, shades: Path) -> None:
    hits = _read(engine.start_search(Query("red", within=(shades / "folder0", shades / "folder1"))), 3)
    assert len({hit.item_id for hit in hits}) == 20
    assert {hit.path.parent.name for hit in hits} == {"folder0", "folder1"}


def test_a_page_asked_for_again_is_the_same_whatever_was_indexed_since(engine: Engine, shades: Path) -> None:
    results = engine.start_search(Query("red"))
    first = results.page(0, 6)
    for number in range(100, 110):
        save(picture("red"), shades / "new" / f"{number}.png")
        (shades / "new" / f"{number}.png").write_bytes(
            (shades / "new" / f"{number}.png").read_bytes() + bytes([number])
        )
    engine.jobs.index()
    assert results.page(0, 6) == first
    rest = results.page(6, 1000)
    ids = [hit.item_id for hit in (*first, *rest)]
    assert len(ids) == len(set(ids))
    assert {hit.item_id for hit in engine.search(Query("red", limit=99)).hits}.issuperset(ids)


def test_what_has_left_the_library_leaves_no_hole_in_later_pages(engine: Engine, shades: Path) -> None:
    results = engine.start_search(Query("red"))
    first = results.page(0, 5)
    every = engine.search(Query("red", limit=40)).hits
    # The first of them were ranked with the delivered page, the others were not.
    gone = every[5:8] + every[12:14]
    for hit in gone:
        hit.path.unlink()
    engine.jobs.index()
    assert len(results.page(5, 10)) == 10
    seen = {hit.item_id for hit in (*first, *results.page(5, 1000))}
    assert len(seen) == 35
    assert seen.isdisjoint({hit.item_id for hit in gone})


def test_past_the_end_there_is_nothing(engine: Engine, shades: Path) -> None:
    results = engine.start_search(Query("red"))
    assert results.page(40, 10) == ()
    assert not results.has_more(40)
    assert results.has_more(39)
    assert len(results.page(30, 200)) == 10


def test_a_name_far_down_by_likeness_comes_first_in_a_group_of_its_own(
    engine: Engine, shades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "_FIRST", 4)
    save(picture("cyan", 5), shades / "red door.png")
    engine.jobs.index()
    hits = _read(engine.start_search(Query("red")), 4)
    assert hits[0].path.name == "red door.png"
    assert [hit.group for hit in hits] == [Group.WORDS] + [Group.MATCH] * 40


def test_items_are_query_terms_and_not_their_own_hits(engine: Engine, shades: Path, folder: Path) -> None:
    first = engine.search(Query("red", limit=1)).hits[0]
    by_item = _read(engine.start_search(Query(items=(first.item_id,))), 50)
    by_path = _read(engine.start_search(Query(images=(first.path,))), 50)
    assert by_item == by_path
    assert first.item_id not in {hit.item_id for hit in by_item}
    included = engine.start_search(Query(items=(first.item_id,), include_query_images=True)).page(0, 1)
    assert included[0].item_id == first.item_id


def test_a_single_page_can_be_what_hits_are_to_be_like(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    pdf(folder / "a.pdf", ["one", "two", "three"])
    pdf(folder / "b.pdf", ["other", "words", "three"])
    engine.jobs.add([folder], _EVERYTHING)
    third = engine.start_search(Query("three", within=(folder / "a.pdf",))).page(0, 1)[0]
    assert third.part == 3
    before = embedder.embedded
    best = engine.start_search(Query(items=(third.item_id,))).page(0, 1)[0]
    assert (best.path.name, best.part) == ("b.pdf", 3)
    assert embedder.embedded == before


def test_an_item_without_a_vector_of_this_model_is_read_from_its_file(
    engine: Engine, shades: Path, open_engine: type[Engine]
) -> None:
    item = engine.search(Query("red", limit=1)).hits[0]
    other = FakeEmbedder("other", offset=0.3)
    second = open_engine(other)  # type: ignore[arg-type, call-arg]
    assert second.start_search(Query(items=(item.item_id,))).page(0, 5) == ()
    assert other.embedded == 1


def test_an_item_that_is_gone_is_said_to_be_gone(engine: Engine, shades: Path) -> None:
    with pytest.raises(UsageError, match="not in the library any more"):
        engine.start_search(Query(items=(12345,)))


def test_a_hit_tells_all_that_the_grid_shows(engine: Engine, folder: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:05:04 03:02:01"
    picture("red", 1, size=(60, 40)).save(folder / "photo.jpg", exif=exif)
    shutil.copy(folder / "photo.jpg", folder / "copy.jpg")
    save(picture("blue"), folder / "alone.png")
    engine.jobs.add([folder], _EVERYTHING)
    hits = {hit.path.name: hit for hit in engine.start_search(Query("red")).page(0, 9)}
    photo, stat = hits["photo.jpg"], (folder / "photo.jpg").stat()
    assert (photo.size, photo.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert (photo.width, photo.height, photo.taken_at) == (60, 40, "2019-05-04 03:02:01")
    assert {name: hit.copies for name, hit in hits.items()} == {
        "photo.jpg": 2,
        "copy.jpg": 2,
        "alone.png": 1,
    }
    assert not photo.hidden


def test_names_sort_as_people_count(engine: Engine, folder: Path) -> None:
    for name in ("img 10.png", "IMG 9.png", "img 100.png", "b.png", "A.png"):
        save(picture("red", len(name)), folder / name)
    save(picture("red", 77), folder / "0 sub" / "b.png")
    engine.jobs.add([folder], _EVERYTHING)
    hits = engine.start_search(Query("red"), Sort.NAME).page(0, 9)
    assert [str(hit.path.relative_to(folder)) for hit in hits] == [
        "A.png",
        "0 sub/b.png",
        "b.png",
        "IMG 9.png",
        "img 10.png",
        "img 100.png",
    ]


@pytest.mark.parametrize("text", ["", "7", "x7", "7x", "٣", "½", "1" * 250, "İ2"])
def test_any_name_has_a_natural_key_that_can_be_compared(text: str) -> None:
    assert sorted([natural(text), natural("b 2"), natural("9")])


def test_names_are_sorted_whatever_their_form_and_accents() -> None:
    names = ["Ernst 10", "Émile 9", "E\u0301mile 8", "ｅｍil", "Zoë", "émile ８"]
    assert sorted(names, key=natural) == ["ｅｍil", "E\u0301mile 8", "émile ８", "Émile 9", "Ernst 10", "Zoë"]


def test_pages_of_one_file_stand_in_their_order_by_name(engine: Engine, folder: Path) -> None:
    pdf(folder / "a.pdf", ["red zebra", "zebra zebra", "the zebra"])
    engine.jobs.add([folder], _EVERYTHING)
    hits = engine.start_search(Query("zebra"), Sort.NAME).page(0, 9)
    assert [hit.part for hit in hits] == [1, 2, 3]


def test_the_largest_file_comes_first_by_size(engine: Engine, shades: Path) -> None:
    hits = _read(engine.start_search(Query("red"), Sort.SIZE), 7)
    assert len(hits) == 40
    assert [hit.size for hit in hits] == sorted((hit.size for hit in hits), reverse=True)


def test_by_date_the_camera_counts_before_the_file_and_the_newest_comes_first(
    engine: Engine, folder: Path
) -> None:
    def shot(name: str, taken: str | None, changed: datetime) -> None:
        exif = Image.Exif()
        if taken:
            exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
        picture("red", len(name)).save(folder / name, exif=exif)
        os.utime(folder / name, (changed.timestamp(), changed.timestamp()))

    shot("old shot, new file.jpg", "2001:01:01 00:00:00", datetime(2024, 1, 1))
    shot("file.jpg", None, datetime(2015, 6, 1, 12))
    shot("same day, later.jpg", "2015:06:01 13:00:00", datetime(2002, 1, 1))
    shot("before 1970.jpg", "1950:06:01 13:00:00", datetime(2002, 1, 1))
    engine.jobs.add([folder], _EVERYTHING)
    hits = engine.start_search(Query("red"), Sort.DATE).page(0, 9)
    assert [hit.path.name for hit in hits] == [
        "same day, later.jpg",
        "file.jpg",
        "old shot, new file.jpg",
        "before 1970.jpg",
    ]


def test_only_the_best_are_sorted_together_then_the_next(
    engine: Engine, shades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result_list, "SORTED_TOGETHER", 10)
    relevant = [hit.path.name for hit in engine.search(Query("red", limit=40)).hits]
    hits = [hit.path.name for hit in _read(engine.start_search(Query("red"), Sort.NAME), 7)]
    assert hits == [name for at in range(0, 40, 10) for name in sorted(relevant[at : at + 10])]


def test_reading_a_hundred_thousand_hits_to_the_end_holds_little(store: Store) -> None:
    with store.transaction():
        for number in range(2000):
            file_id = store.files.put(
                FileStat(f"/{number}.png", 1, 1), number.to_bytes(4, "big"), 1, None, []
            )
            store.items.put(file_id, "x", 1, PartFacts(ItemKind.PICTURE, 1, 1))
    pieces = 50

    def many() -> Iterator[tuple[ranking.IdArray, ranking.FloatArray]]:  # type: ignore[name-defined]
        # Repeat the same items, since only what the list keeps for each is tested.
        for _ in range(pieces):
            yield np.arange(1, 2001), np.zeros(2000, np.float32)

    no_words = Grouping(many(), [], lambda ids: np.zeros(ids.size, np.float32), None)
    answer = Answer(no_words, {}, include_hidden=False, model="fake", note="", is_partial=False)
    results = ResultList(store, answer)
    assert results.has_more(2000 * pieces - 1)
    assert not results.has_more(2000 * pieces)
    arrays = (results._ids, results._scores, results._relevance, results._group_codes)
    kept = sum(len(each) * each.itemsize for each in arrays)
    assert kept == 17 * 2000 * pieces
    assert results._pending is None
