"""Tests of indexing: what a job embeds, reuses, keeps and removes."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.fakes import FakeEmbedder, counts, pdf, picture
from PIL import Image

from imagefinder.domain.errors import LibraryInUseError, UsageError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.queries import Query, Sort
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.index import live_index
from imagefinder.engine.indexing import indexer
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.vectors.manifest import MANIFEST_NAME


def _paths(engine: Engine, text: str = "red", limit: int = 100) -> list[str]:
    return [hit.path.name for hit in engine.search(Query(text, limit=limit)).hits]


def test_a_folder_is_indexed_and_its_pictures_are_found(engine: Engine, three_pictures: Path) -> None:
    assert counts(engine.jobs.add([three_pictures], SourceOptions())) == {"indexed": 3}
    assert _paths(engine, "red")[0] == "red.png"
    assert _paths(engine, "blue")[0] == "blue.png"


def test_an_unchanged_file_costs_no_embedding(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    assert embedder.embedded == 3


def test_ten_new_files_cost_ten_embeddings(engine: Engine, embedder: FakeEmbedder, folder: Path) -> None:
    for number in range(20):
        save(picture("gray", number), folder / f"{number}.png")
    engine.jobs.add([folder], SourceOptions())
    for number in range(20, 30):
        save(picture("gray", number), folder / f"{number}.png")
    assert counts(engine.jobs.index()) == {"indexed": 10, "unchanged": 20}
    assert embedder.embedded == 30


def test_a_renamed_and_a_moved_file_keep_their_vectors(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    ids = {hit.path.name: hit.item_id for hit in engine.search(Query("red")).hits}
    (three_pictures / "red.png").rename(three_pictures / "scarlet.png")
    (three_pictures / "sub").mkdir()
    (three_pictures / "blue.png").rename(three_pictures / "sub" / "blue.png")
    assert counts(engine.jobs.index()) == {"reused": 2, "unchanged": 1}
    assert embedder.embedded == 3
    hits = engine.search(Query("red")).hits
    assert {hit.path.name: hit.item_id for hit in hits} == {
        "scarlet.png": ids["red.png"],
        "blue.png": ids["blue.png"],
        "green.png": ids["green.png"],
    }
    assert hits[0].path == three_pictures / "scarlet.png"


def test_a_file_moved_between_sources_keeps_its_vector(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "one" / "red.png")
    save(picture("blue"), tmp_path / "two" / "blue.png")
    engine.jobs.add([tmp_path / "one", tmp_path / "two"], SourceOptions())
    (tmp_path / "one" / "red.png").rename(tmp_path / "two" / "red.png")
    assert counts(engine.jobs.index()) == {"reused": 1, "unchanged": 1}
    assert embedder.embedded == 2
    assert sorted(_paths(engine)) == ["blue.png", "red.png"]
    assert counts(engine.jobs.index()) == {"unchanged": 2}


def test_a_touched_file_is_recognised_by_content(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    os.utime(three_pictures / "red.png", (1, 1))
    assert counts(engine.jobs.index()) == {"reused": 1, "unchanged": 2}
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    assert embedder.embedded == 3


def test_a_changed_file_is_embedded_again_and_its_old_vector_goes(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    save(picture("yellow", 1), three_pictures / "red.png")
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 2}
    assert embedder.embedded == 4
    assert _paths(engine, "yellow")[0] == "red.png"
    assert engine.status().embedded == {"fake:1": 3}


def test_a_file_overwritten_by_another_of_the_library_takes_its_vector(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    (three_pictures / "red.png").rename(three_pictures / "blue.png")
    assert counts(engine.jobs.index()) == {"reused": 1, "unchanged": 1}
    assert embedder.embedded == 3
    assert _paths(engine, "red")[0] == "blue.png"
    assert engine.status().items == 2
    assert counts(engine.jobs.index()) == {"unchanged": 2}


def test_two_files_that_swap_names_swap_vectors(engine: Engine, folder: Path) -> None:
    red, blue, aside = (folder / name for name in ("a.png", "b.png", "aside"))
    save(picture("red"), red)
    save(picture("blue"), blue)
    engine.jobs.add([folder], SourceOptions())
    red.rename(aside)
    blue.rename(red)
    aside.rename(blue)
    os.utime(red, (5, 5))
    os.utime(blue, (6, 6))
    engine.jobs.index()
    assert _paths(engine, "red")[0] == "b.png"
    assert _paths(engine, "blue")[0] == "a.png"
    assert counts(engine.jobs.index()) == {"unchanged": 2}


def test_a_duplicate_is_embedded_once_and_both_are_found(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    save(picture("red"), folder / "a.png")
    for name in ("b.png", "c.png"):
        shutil.copy(folder / "a.png", folder / name)
    assert counts(engine.jobs.add([folder], SourceOptions())) == {"indexed": 1, "reused": 2}
    assert embedder.embedded == 1
    assert sorted(_paths(engine)) == ["a.png", "b.png", "c.png"]
    (folder / "a.png").unlink()
    assert counts(engine.jobs.index()) == {"unchanged": 2, "removed": 1}
    assert sorted(_paths(engine)) == ["b.png", "c.png"]


def test_a_deleted_file_is_forgotten(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    (three_pictures / "red.png").unlink()
    assert counts(engine.jobs.index()) == {"unchanged": 2, "removed": 1}
    assert sorted(_paths(engine)) == ["blue.png", "green.png"]


def test_an_unreadable_file_is_listed_once_and_left_until_it_changes(
    engine: Engine, three_pictures: Path
) -> None:
    bad = three_pictures / "bad.png"
    bad.write_bytes((three_pictures / "red.png").read_bytes()[:40])
    assert counts(engine.jobs.add([three_pictures], SourceOptions())) == {"indexed": 3, "unreadable": 1}
    for _ in range(2):
        assert counts(engine.jobs.index()) == {"unchanged": 3, "unreadable": 1}
        assert [file.path for file in engine.status().unreadable] == [bad]
    save(picture("white"), bad)
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 3}
    assert engine.status().unreadable == ()


def test_a_readable_file_that_is_damaged_later_is_not_found_any_more(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    (three_pictures / "red.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert counts(engine.jobs.index()) == {"unchanged": 2, "unreadable": 1}
    assert sorted(_paths(engine)) == ["blue.png", "green.png"]
    assert engine.status().embedded == {"fake:1": 2}


def test_every_page_of_a_pdf_is_an_item_with_its_words(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    pages = [
        f"page about {word}" for word in "apples bears cats dogs eels frogs goats hares ibis jays".split()
    ]
    pages[3] = ""
    pdf(folder / "animals.pdf", pages)
    report = engine.jobs.add([folder], SourceOptions())
    assert counts(report) == {"indexed": 1}
    assert report.items == 10
    hits = engine.search(Query("goats", limit=3)).hits
    assert [(hit.path.name, hit.part, hit.kind) for hit in hits] == [("animals.pdf", 7, "page")]
    assert hits[0].parts == 10


def test_a_pdf_in_chinese_is_found_by_a_word_of_two_characters(engine: Engine, folder: Path) -> None:
    pdf(folder / "a.pdf", ["海岸地图和发票", "火车和灯塔"], font="china-s")
    engine.jobs.add([folder], SourceOptions())
    assert [hit.part for hit in engine.search(Query("灯塔")).hits] == [2]


def test_a_long_pdf_goes_on_where_it_was_stopped(
    engine: Engine, embedder: FakeEmbedder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(folder / "long.pdf", [f"page {number}" for number in range(1, 31)])
    real = embedder.encode_images

    def fail_later(prepared: list) -> object:  # type: ignore[type-arg]
        if embedder.embedded >= 8:
            raise KeyboardInterrupt
        return real(prepared)

    monkeypatch.setattr(embedder, "encode_images", fail_later)
    with pytest.raises(KeyboardInterrupt):
        engine.jobs.add([folder], SourceOptions())
    done = embedder.embedded
    assert 8 <= done < 30
    monkeypatch.setattr(embedder, "encode_images", real)
    assert counts(engine.jobs.index()) == {"indexed": 1}
    assert embedder.embedded == 30
    assert engine.status().items == 30
    assert counts(engine.jobs.index()) == {"unchanged": 1}


def test_overlapping_sources_count_a_file_once(engine: Engine, embedder: FakeEmbedder, folder: Path) -> None:
    save(picture("red"), folder / "sub" / "red.png")
    assert counts(engine.jobs.add([folder, folder / "sub"], SourceOptions())) == {"indexed": 1}
    assert counts(engine.jobs.index()) == {"unchanged": 1}
    assert engine.jobs.remove([folder]) == 0
    assert _paths(engine) == ["red.png"]
    assert engine.jobs.remove([folder / "sub"]) == 1
    assert _paths(engine) == []
    assert embedder.embedded == 1


def test_a_source_added_inside_another_embeds_nothing(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    save(picture("red"), folder / "sub" / "red.png")
    engine.jobs.add([folder], SourceOptions())
    assert counts(engine.jobs.add([folder / "sub"], SourceOptions())) == {"unchanged": 1}
    assert embedder.embedded == 1


def test_a_source_added_again_with_exclusions_forgets_what_they_exclude(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    report = engine.jobs.add([three_pictures], SourceOptions(exclude=("red.*",)))
    assert counts(report) == {"unchanged": 2, "removed": 1}


def test_removing_what_is_no_source_is_refused_with_the_sources_named(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    with pytest.raises(UsageError, match=f"not a source.*{three_pictures}"):
        engine.jobs.remove([three_pictures / "red.png"])
    assert engine.status().items == 3


def test_a_path_that_is_not_there_adds_nothing(engine: Engine, three_pictures: Path) -> None:
    with pytest.raises(UsageError, match="There is no"):
        engine.jobs.add([three_pictures, three_pictures / "nowhere"], SourceOptions())
    assert engine.status().sources == ()


def test_another_model_embeds_anew_and_the_first_ones_vectors_stay(
    open_engine: OpenEngine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    first = open_engine()
    first.jobs.add([three_pictures], SourceOptions())
    first.close()
    other = FakeEmbedder("other", offset=0.25)
    second = open_engine(other)
    assert "Nothing is indexed with this model" in second.search(Query("red")).note
    assert counts(second.jobs.index()) == {"indexed": 3}
    assert other.embedded == 3
    assert second.status().embedded == {"fake:1": 3, "other:1": 3}
    assert second.status().items == 3
    assert second.status().model == "fake"
    assert _paths(second, "red")[0] == "red.png"
    second.close()
    assert counts(open_engine().jobs.index()) == {"unchanged": 3}


def test_a_cancelled_job_keeps_what_it_did_and_the_next_one_goes_on(
    engine: Engine, embedder: FakeEmbedder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        save(picture("gray", number), folder / f"{number:02}.png")
    monkeypatch.setattr(indexer, "_SECONDS_BETWEEN_EVENTS", 0)
    token = CancelToken()

    def stop(event: Progress) -> None:
        if event.phase is Phase.EMBEDDING:
            token.cancel()

    first = engine.jobs.add([folder], SourceOptions(), stop, token)
    assert first.cancelled
    assert 0 <= first.indexed < 60
    assert engine.status().items == embedder.embedded
    second = engine.jobs.index()
    assert not second.cancelled
    assert second.indexed + second.unchanged == 60
    assert embedder.embedded == 60


def test_a_second_process_may_search_but_not_change_the_library(
    open_engine: OpenEngine, three_pictures: Path
) -> None:
    writer, reader = open_engine(), open_engine()
    writer.jobs.add([three_pictures], SourceOptions())
    with writer._lock.hold():
        with pytest.raises(LibraryInUseError, match="Another imagefinder"):
            reader.jobs.index()
        assert len(reader.search(Query("red")).hits) == 3
    save(picture("yellow"), three_pictures / "yellow.png")
    writer.jobs.index()
    assert reader.search(Query("yellow")).hits[0].path.name == "yellow.png"


def test_what_a_batch_committed_is_searchable_while_the_job_goes_on(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        save(picture("red", number), folder / f"{number:02}.png")
    seen: list[int] = []
    monkeypatch.setattr(indexer, "_SECONDS_BETWEEN_EVENTS", 0)
    engine.jobs.add(
        [folder], SourceOptions(), lambda _event: seen.append(len(engine.search(Query("red", limit=99)).hits))
    )
    assert sorted(seen) == seen
    assert len({count for count in seen if 0 < count < 30}) >= 5
    assert len(engine.search(Query("red", limit=99)).hits) == 30


def test_bringing_up_to_date_looks_only_below_the_path(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    save(picture("red"), folder / "a" / "red.png")
    save(picture("blue"), folder / "b" / "blue.png")
    engine.jobs.add([folder], SourceOptions())
    save(picture("green"), folder / "a" / "green.png")
    save(picture("white"), folder / "b" / "white.png")
    assert counts(engine.jobs.bring_up_to_date(folder / "a")) == {"indexed": 1, "unchanged": 1}
    assert len(engine.status().sources) == 1
    assert embedder.embedded == 3
    (folder / "a" / "red.png").unlink()
    assert counts(engine.jobs.bring_up_to_date(folder / "a")) == {"unchanged": 1, "removed": 1}
    assert counts(engine.jobs.bring_up_to_date(folder / "b" / "white.png")) == {"indexed": 1}


def test_thumbnails_are_written_once_and_go_with_the_last_file(
    engine: Engine, three_pictures: Path, tmp_path: Path
) -> None:
    def thumbnails() -> int:
        return len(list((tmp_path / "thumbnails").rglob("*.jpg")))

    engine.jobs.add([three_pictures], SourceOptions())
    assert thumbnails() == 3
    hit = engine.search(Query("red")).hits[0]
    assert (tmp_path / "thumbnails" / hit.thumbnail_key[:2] / f"{hit.thumbnail_key}.jpg").is_file()
    shutil.copy(three_pictures / "red.png", three_pictures / "copy.png")
    (three_pictures / "red.png").unlink()
    (three_pictures / "blue.png").unlink()
    save(picture("black"), three_pictures / "green.png")
    engine.jobs.index()
    assert thumbnails() == 2


def test_a_copy_made_before_a_change_of_model_costs_the_first_model_nothing(
    open_engine: OpenEngine, folder: Path
) -> None:
    save(picture("red"), folder / "b.png")
    first = open_engine()
    first.jobs.add([folder], SourceOptions())
    first.close()
    shutil.copy(folder / "b.png", folder / "a.png")
    other = FakeEmbedder("other", offset=0.25)
    second = open_engine(other)
    second.jobs.index()
    embedded = second.status().embedded
    assert embedded["other:1"] == 2
    # Whichever of the two was hashed first, the content is embedded once, and not with the first model again.
    # If the known file came first, its copy takes over that vector, too.
    assert other.embedded == 1
    assert embedded["fake:1"] in (1, 2)


def test_what_a_stopped_job_indexed_is_in_the_checkpoint_once_the_library_is_closed(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_index, "kind_for", lambda _count, _current, _dimension: "hnsw")
    save(picture("red"), folder / "first.png")
    engine.jobs.add([folder], SourceOptions())
    (manifest,) = (engine.folder / "vectors").glob(f"*/{MANIFEST_NAME}")
    before = manifest.read_bytes()
    for number in range(40):
        save(picture("teal", number), folder / f"{number:02}.png")
    monkeypatch.setattr(indexer, "_SECONDS_BETWEEN_EVENTS", 0)
    cancel = CancelToken()

    def stop_soon(event: Progress) -> None:
        if event.phase is Phase.EMBEDDING:
            cancel.cancel()

    report = engine.jobs.index(stop_soon, cancel)
    assert report.cancelled
    assert report.items
    assert manifest.read_bytes() == before
    engine.save_before_closing()
    assert manifest.read_bytes() != before


def test_each_of_many_copies_is_looked_at_a_few_times_only(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(picture("red"), folder / "000.png")
    engine.jobs.add([folder], SourceOptions())
    for number in range(1, 120):
        shutil.copy(folder / "000.png", folder / f"{number:03}.png")
    looks = 0
    lexists = os.path.lexists

    def counting(path: str) -> bool:
        nonlocal looks
        looks += 1
        return lexists(path)

    monkeypatch.setattr(os.path, "lexists", counting)
    assert counts(engine.jobs.index()) == {"reused": 119, "unchanged": 1}
    assert looks < 3 * 120


def test_of_many_copies_those_that_moved_are_moved_and_the_others_stay(engine: Engine, folder: Path) -> None:
    for number in range(40):
        save(picture("red"), folder / f"{number:03}.png")
    engine.jobs.add([folder], SourceOptions())
    before = {hit.path.name: hit.item_id for hit in engine.search(Query("red", limit=100)).hits}
    for number in (5, 39):
        (folder / f"{number:03}.png").rename(folder / f"z{number:03}.png")
    shutil.copy(folder / "000.png", folder / "zz.png")
    assert counts(engine.jobs.index()) == {"reused": 3, "unchanged": 38}
    after = {hit.path.name: hit.item_id for hit in engine.search(Query("red", limit=100)).hits}
    assert len(after) == 41
    assert {after["z005.png"], after["z039.png"]} == {before["005.png"], before["039.png"]}


def test_files_of_impossible_dates_are_indexed_like_any_other(engine: Engine, three_pictures: Path) -> None:
    second = 10**9
    for name, moment in (("red", 2**63 + 5 * second), ("green", -(2**33) * second), ("blue", 2**34 * second)):
        # The file system replaces dates that it cannot store by the nearest one.
        os.utime(three_pictures / f"{name}.png", ns=(0, moment))
    assert counts(engine.jobs.add([three_pictures], SourceOptions())) == {"indexed": 3}
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    assert sorted(_paths(engine, "red")) == ["blue.png", "green.png", "red.png"]
    assert len(engine.start_search(Query("red"), Sort.DATE).page(0, 9)) == 3


def test_a_file_for_which_memory_does_not_suffice_now_is_listed_and_tried_again(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = embedder.prepare

    def prepare_but_one(image: Image.Image) -> object:
        if image.getpixel((0, 0)) == (255, 0, 0):
            raise MemoryError
        return prepare(image)

    monkeypatch.setattr(embedder, "prepare", prepare_but_one)
    assert counts(engine.jobs.add([three_pictures], SourceOptions())) == {"indexed": 2, "unreadable": 1}
    (problem,) = engine.unreadable()
    assert problem.path.name == "red.png"
    assert "not enough free memory" in problem.reason
    monkeypatch.undo()
    engine.jobs.index()
    assert engine.unreadable() == ()
    assert _paths(engine, "red")[0] == "red.png"
