"""Tests of searching: what a query finds, in which order, and at what cost."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import Drives, OpenEngine, save
from helpers.fakes import FakeEmbedder, pdf, picture

from imagefinder.domain.errors import UsageError
from imagefinder.domain.queries import Group, Hit, Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.readers.reader_registry import open_media

_EVERYTHING = SourceOptions()


def _names(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.path.name for hit in hits]


@pytest.fixture
def shades(engine: Engine, folder: Path) -> Path:
    """Forty indexed pictures in four folders, whose names do not mention their colours."""
    for number in range(40):
        colour = ("red", "green", "blue", "gray")[number % 4]
        save(picture(colour, number), folder / f"folder{number % 4}" / f"{number:02}.png")
    engine.jobs.add([folder], _EVERYTHING)
    return folder


def _vector(embedder: FakeEmbedder, path: Path) -> np.ndarray:
    with open_media(path) as media:
        return embedder.encode_images([embedder.prepare(media.load(1, embedder.image_side).image)])[0]


def test_a_score_is_the_cosine_of_item_and_query(
    engine: Engine, embedder: FakeEmbedder, shades: Path
) -> None:
    query = embedder.encode_texts(["red"])[0]
    hits = engine.search(Query("red", limit=40)).hits
    assert len(hits) == 40
    for hit in hits:
        assert hit.score == pytest.approx(float(_vector(embedder, hit.path) @ query), abs=1e-3)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert {hit.path.parent.name for hit in hits[:10]} == {"folder0"}


def test_no_more_hits_come_than_asked_for(engine: Engine, shades: Path) -> None:
    everything = engine.search(Query("red", limit=1000)).hits
    assert len(everything) == 40
    assert len({hit.item_id for hit in everything}) == 40
    for limit in (1, 7, 39):
        assert engine.search(Query("red", limit=limit)).hits == everything[:limit]


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(engine: Engine, limit: int) -> None:
    with pytest.raises(UsageError, match="1 or more"):
        engine.search(Query("red", limit=limit))


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_query_of_nothing_is_refused(engine: Engine, text: str) -> None:
    with pytest.raises(UsageError, match="Nothing to look for"):
        engine.search(Query(text))


def test_only_what_lies_within_is_found_as_if_nothing_else_were_there(engine: Engine, shades: Path) -> None:
    inside = (shades / "folder1", shades / "folder2" / "02.png")
    hits = engine.search(Query("red", within=inside, limit=100)).hits
    assert len(hits) == 11
    everything = engine.search(Query("red", limit=100)).hits
    assert hits == tuple(hit for hit in everything if any(hit.path.is_relative_to(path) for path in inside))
    assert engine.search(Query("red", within=(shades / "folder",))).hits == ()
    assert engine.search(Query("red", within=(shades / "folder1", shades), limit=100)).hits == everything


def test_the_query_picture_is_left_out_and_its_duplicate_is_not(engine: Engine, shades: Path) -> None:
    own = shades / "folder0" / "04.png"
    shutil.copy(own, shades / "twin.png")
    engine.jobs.index()
    hits = engine.search(Query(images=(own,), limit=100)).hits
    assert hits[0].path == shades / "twin.png"
    assert hits[0].score == pytest.approx(1, abs=1e-3)
    assert own not in {hit.path for hit in hits}
    assert len(hits) == 40
    included = engine.search(Query(images=(own,), include_query_images=True, limit=100)).hits
    assert {hit.path for hit in included[:2]} == {own, shades / "twin.png"}
    assert len(included) == 41


def test_leaving_the_query_picture_out_takes_no_place(engine: Engine, shades: Path) -> None:
    own = shades / "folder0" / "04.png"
    assert len(engine.search(Query(images=(own,), limit=5)).hits) == 5


def test_words_and_picture_together_find_what_neither_finds_alone(
    engine: Engine, embedder: FakeEmbedder, shades: Path
) -> None:
    image = shades / "folder2" / "02.png"
    words, pictures, both = (
        engine.search(query).hits
        for query in (
            Query("red", limit=40),
            Query(images=(image,), include_query_images=True, limit=40),
            Query("red", images=(image,), include_query_images=True, limit=40),
        )
    )
    assert _names(both) != _names(words)
    assert _names(both) != _names(pictures)
    total = embedder.encode_texts(["red"])[0] + _vector(embedder, image)
    for hit in both:
        cosine = float(_vector(embedder, hit.path) @ total / np.linalg.norm(total))
        assert hit.score == pytest.approx(cosine, abs=2e-3)


def test_several_pictures_count_alike(engine: Engine, embedder: FakeEmbedder, shades: Path) -> None:
    images = (shades / "folder0" / "00.png", shades / "folder1" / "01.png")
    hit = engine.search(Query(images=images, limit=1)).hits[0]
    total = sum(_vector(embedder, image) for image in images)
    assert hit.score == pytest.approx(
        float(_vector(embedder, hit.path) @ total / np.linalg.norm(total)), abs=2e-3
    )
    assert hit.path not in images


def test_a_known_picture_costs_no_embedding_and_a_changed_one_does(
    engine: Engine, embedder: FakeEmbedder, shades: Path
) -> None:
    known = shades / "folder0" / "00.png"
    before = embedder.embedded
    engine.search(Query(images=(known,)))
    assert embedder.embedded == before
    save(picture("blue", 99), known)
    assert engine.search(Query(images=(known,), limit=5)).hits[0].path.parent.name == "folder2"
    assert embedder.embedded == before + 1


def test_a_picture_that_is_not_indexed_can_be_searched_by(
    engine: Engine, embedder: FakeEmbedder, shades: Path, tmp_path: Path
) -> None:
    save(picture("blue", 7), tmp_path / "elsewhere.png")
    before = embedder.embedded
    hits = engine.search(Query(images=(tmp_path / "elsewhere.png",), limit=3)).hits
    assert {hit.path.parent.name for hit in hits} == {"folder2"}
    assert embedder.embedded == before + 1
    assert engine.status().items == 40


def test_a_picture_that_cannot_be_read_is_named_with_the_reason(
    engine: Engine, shades: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    with pytest.raises(UsageError, match=r"bad\.png cannot be used as a picture to search by: "):
        engine.search(Query(images=(bad,)))


def test_items_of_an_unplugged_drive_are_found_and_marked(
    engine: Engine, shades: Path, tmp_path: Path, drives: Drives
) -> None:
    usb = drives.mount(tmp_path / "usb")
    save(picture("red"), usb / "usb.png")
    engine.jobs.add([usb], _EVERYTHING)
    drives.unplug(usb)
    engine.jobs.index()
    hits = engine.search(Query("red", limit=100)).hits
    assert [hit.path.name for hit in hits if hit.offline] == ["usb.png"]
    assert len(hits) == 41


def test_a_hit_tells_what_it_is(engine: Engine, folder: Path) -> None:
    pdf(folder / "animals.pdf", ["about zebras", "about lions", "about whales"])
    save(picture("red"), folder / "photo.png")
    engine.jobs.add([folder], _EVERYTHING)
    page = engine.search(Query("whales")).hits[0]
    assert (page.path, page.part, page.parts, page.kind) == (folder / "animals.pdf", 3, 3, "page")
    assert (page.score, page.text_score) == (0.0, 1.0)
    photo = next(hit for hit in engine.search(Query("red")).hits if hit.kind == "picture")
    assert (photo.path, photo.part, photo.parts, photo.text_score) == (folder / "photo.png", 1, 1, 0.0)


def test_without_calibration_pictures_come_by_score_whatever_words_they_have(
    engine: Engine, shades: Path, tmp_path: Path
) -> None:
    pdf(tmp_path / "wine.pdf", ["red wine", "white wine", "bread", "the reduction"])
    save(picture("blue", 77), shades / "red door.png")
    engine.jobs.add([tmp_path / "wine.pdf", shades], _EVERYTHING)
    hits = engine.search(Query("red", limit=100)).hits
    assert {(hit.group, hit.relevance) for hit in hits} == {(Group.MATCH, None)}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert {(hit.path.name, hit.part): hit.text_score for hit in hits if hit.text_score} == {
        ("red door.png", 1): 1.0,
        ("wine.pdf", 1): 1.0,
        ("wine.pdf", 4): 0.5,
    }


def test_words_the_model_does_not_know_find_names_and_pages_and_say_so(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    save(picture("gray", 1), three_pictures / "zeppelin.png")
    engine.jobs.index()
    result = engine.search(Query("zeppelin"))
    assert _names(result.hits) == ["zeppelin.png"]
    assert (result.hits[0].group, result.hits[0].relevance, result.hits[0].score) == (Group.WORDS, 1.0, 0.0)
    assert "does not know these words" in result.note
    assert engine.search(Query("red")).note == ""


def test_an_answer_names_the_model_and_its_time(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    result = engine.search(Query("red"))
    assert result.model == "fake"
    assert result.took_ms > 0


def test_an_empty_library_gives_no_hits_and_no_error(engine: Engine) -> None:
    assert engine.search(Query("red")).hits == ()


def test_words_of_any_kind_are_taken(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    for text in (
        '"',
        "red OR",
        "NEAR(",
        "*",
        "red\0blue",
        "\udcff red",
        "a" * 20_000,
        "%_",
        "'; DROP TABLE items; --",
    ):
        engine.search(Query(text))
    assert engine.status().items == 3


def test_searching_while_another_thread_indexes_never_fails(engine: Engine, folder: Path) -> None:
    for number in range(120):
        save(picture("red", number), folder / f"{number:03}.png")
    problems: list[Exception] = []
    counts: list[int] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                counts.append(len(engine.search(Query("red", limit=200)).hits))
        except Exception as error:  # noqa: BLE001 - reported by the test
            problems.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        report = engine.jobs.add([folder], _EVERYTHING)
        for number in range(0, 120, 2):
            (folder / f"{number:03}.png").unlink()
        engine.jobs.index()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert report.indexed == 120
    assert len(engine.search(Query("red", limit=200)).hits) == 60
    assert max(counts, default=0) <= 120


def test_a_search_between_commit_and_index_update_breaks_nothing(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagefinder.engine.index.live_index import LiveIndex

    real = LiveIndex.changed

    def changed(index: LiveIndex, *arguments: object) -> None:
        index.refresh()
        real(index, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LiveIndex, "changed", changed)
    for number in range(10):
        save(picture("red", number), folder / f"{number}.png")
    engine.jobs.add([folder], _EVERYTHING)
    for number in range(5):
        (folder / f"{number}.png").unlink()
        save(picture("red", 20 + number), folder / f"new{number}.png")
    assert engine.jobs.index().indexed == 5
    assert len(engine.search(Query("red", limit=100)).hits) == 10


def test_many_jobs_leave_no_files_open(engine: Engine, folder: Path) -> None:
    open_files = Path("/proc/self/fd")
    if not open_files.exists():
        pytest.skip("only Linux lists a process's open files there")

    def jobs(numbers: range) -> int:
        for number in numbers:
            save(picture("red", number), folder / f"{number}.png")
            engine.jobs.add([folder], _EVERYTHING)
        return len(list(open_files.iterdir()))

    before = jobs(range(3))
    assert jobs(range(3, 15)) <= before + 3


def test_a_damaged_database_is_said_to_be_damaged(
    open_engine: OpenEngine, three_pictures: Path, tmp_path: Path
) -> None:
    from imagefinder.domain.errors import LibraryError

    engine = open_engine()
    engine.jobs.add([three_pictures], _EVERYTHING)
    engine.close()
    database = tmp_path / "library" / "library.db"
    content = bytearray(database.read_bytes())
    content[8192:] = b"\x55" * (len(content) - 8192)
    database.write_bytes(content)
    with pytest.raises(LibraryError, match="damaged"):
        open_engine().search(Query("red"))


def test_removing_a_source_takes_its_items_out_of_every_answer(
    engine: Engine, shades: Path, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "other" / "kept.png")
    engine.jobs.add([tmp_path / "other"], _EVERYTHING)
    engine.search(Query("red"))
    assert engine.jobs.remove([shades]) == 40
    assert _names(engine.search(Query("red")).hits) == ["kept.png"]
    assert engine.status().items == 1


def test_a_thumbnail_that_is_gone_is_made_again(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    hit = engine.search(Query("red")).hits[0]
    first = engine.thumbnail(hit)
    assert first is not None
    first.unlink()
    assert engine.thumbnail(hit) == first
    assert first.is_file()
    first.unlink()
    hit.path.unlink()
    assert engine.thumbnail(hit) is None


def test_a_text_of_more_than_ten_pages_is_refused_in_a_sentence(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    with pytest.raises(UsageError, match="it has 20,001 characters, and 20,000 are read at most"):
        engine.search(Query("a" * 20_001))


def test_thousands_of_short_words_are_looked_for_all_the_same(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    engine.search(Query(" ".join(chr(0x4E00 + number) for number in range(9_000))))


def test_a_text_that_was_read_in_pieces_is_said_to_be(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    assert engine.search(Query("red")).note == ""
    monkeypatch.setattr(embedder, "pieces_of", lambda _text: 3)
    assert engine.search(Query("red")).note == (
        "That is more than the model reads at once, so it was read in 3 pieces."
    )


def test_a_model_of_english_alone_says_so_of_other_languages(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    embedder.is_english = True
    alone = "The model understands English only: file names and page text were searched."
    assert engine.search(Query("咖啡")).note == alone
    with_picture = engine.search(Query("咖啡", images=(three_pictures / "red.png",))).note
    assert "understands English only: the pictures given, file names" in with_picture


def test_a_search_of_an_empty_library_says_why_it_is_empty(engine: Engine, folder: Path) -> None:
    assert engine.search(Query("red")).note == "Nothing is in the library yet."
    engine.jobs.add([folder], _EVERYTHING)
    assert engine.search(Query("red")).note == "No picture or PDF was found in what was added."
    (folder / "a.mov").touch()
    engine.jobs.index()
    assert engine.search(Query("red")).note == (
        "No picture or PDF was found in what was added. 1 file of a kind that is not read was passed over: 1 .mov."
    )
    (folder / "a.png").write_bytes(b"broken")
    engine.jobs.index()
    assert engine.search(Query("red")).note == "1 file was found, and it cannot be read."


def test_a_picture_that_never_was_is_not_called_gone(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no .*nowhere\.png\. Check the spelling"):
        engine.search(Query(images=(tmp_path / "nowhere.png",)))
