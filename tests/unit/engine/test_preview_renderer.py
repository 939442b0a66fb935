"""Tests of rendering an item: its picture at the requested size, its details, and the marked words."""

import shutil
from pathlib import Path

import pytest
from conftest import Drives, save
from helpers.fakes import pdf, picture
from PIL import ExifTags, Image

from imagefinder.domain.errors import UnreadableError, UsageError
from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit, Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.readers.image import PictureFile


@pytest.fixture
def previews(tmp_path: Path) -> Path:
    return tmp_path / "previews"


def _hits(engine: Engine, folder: Path) -> dict[tuple[str, int], Hit]:
    engine.jobs.add([folder], SourceOptions())
    return {(hit.path.name, hit.part): hit for hit in engine.search(Query("red", limit=99)).hits}


def _photo(path: Path, size: tuple[int, int] = (1200, 800), orientation: int = 1) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Canon", "Canon EOS 5D"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:05:04 03:02:01"
    picture("red", 3, size).save(path, exif=exif)


def test_a_photograph_comes_in_the_size_asked_with_all_its_details(
    engine: Engine, folder: Path, previews: Path
) -> None:
    _photo(folder / "photo.jpg")
    shutil.copy(folder / "photo.jpg", folder / "copy.jpg")
    hit = _hits(engine, folder)["photo.jpg", 1]
    shown = engine.show(hit.item_id, side=600, folder=previews)
    assert shown.picture is not None
    with Image.open(shown.picture) as rendered:
        assert (rendered.format, rendered.mode, rendered.size) == ("JPEG", "RGB", (600, 400))
    assert (shown.item_id, shown.problem, shown.marks) == (hit.item_id, "", ())
    details = shown.details
    assert (details.path, details.part, details.parts) == (folder / "photo.jpg", 1, 1)
    assert (details.width, details.height, details.kind) == (1200, 800, ItemKind.PICTURE)
    assert (details.taken_at, details.camera) == ("2019-05-04 03:02:01", "Canon EOS 5D")
    assert details.copies == (folder / "copy.jpg",)
    assert details.size == (folder / "photo.jpg").stat().st_size


@pytest.mark.parametrize(
    ("size", "side", "rendered"),
    [
        ((1200, 800), 4000, (1200, 800)),
        ((90, 60), 2048, (90, 60)),
        ((3000, 30), 1500, (1500, 15)),
        ((400, 400), 100, (100, 100)),
    ],
)
def test_a_picture_is_never_larger_than_its_source(
    engine: Engine,
    folder: Path,
    previews: Path,
    size: tuple[int, int],
    side: int,
    rendered: tuple[int, int],
) -> None:
    _photo(folder / "photo.jpg", size)
    shown = engine.show(_hits(engine, folder)["photo.jpg", 1].item_id, side=side, folder=previews)
    assert shown.picture is not None
    with Image.open(shown.picture) as image:
        assert image.size == rendered


def test_a_picture_comes_upright(engine: Engine, folder: Path, previews: Path) -> None:
    _photo(folder / "photo.jpg", orientation=6)
    shown = engine.show(_hits(engine, folder)["photo.jpg", 1].item_id, side=300, folder=previews)
    assert shown.picture is not None
    with Image.open(shown.picture) as image:
        assert image.size == (200, 300)


def test_asked_again_it_is_not_rendered_again_until_it_changes(
    engine: Engine, folder: Path, previews: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _photo(folder / "photo.jpg")
    item = _hits(engine, folder)["photo.jpg", 1].item_id
    loads: list[int] = []
    real = PictureFile.load

    def load(media: PictureFile, part: int, side: int):  # type: ignore[no-untyped-def]
        loads.append(side)
        return real(media, part, side)

    monkeypatch.setattr(PictureFile, "load", load)
    first = engine.show(item, side=300, folder=previews)
    again = engine.show(item, side=300, folder=previews)
    assert again == first
    assert len(loads) == 1
    assert engine.show(item, side=200, folder=previews).picture != first.picture
    _photo(folder / "photo.jpg", (800, 900))
    assert engine.show(item, side=300, folder=previews).picture != first.picture
    assert len(loads) == 3
    assert all(not path.name.startswith(".") for path in previews.iterdir())


def test_pages_are_turned_and_the_words_of_the_query_marked(
    engine: Engine, folder: Path, previews: Path
) -> None:
    pdf(folder / "a.pdf", ["red zebra", "Zebras, and a zebra", "no such animal"])
    hits = _hits(engine, folder)
    first = engine.show(hits["a.pdf", 1].item_id, words="the zebras", side=560, folder=previews)
    assert len(first.marks) == 1
    second = engine.show(first.item_id, part=2, words="the zebras", side=560, folder=previews)
    assert (second.details.part, second.details.parts) == (2, 3)
    assert second.item_id != first.item_id
    assert second.picture != first.picture
    assert second.details.kind is ItemKind.PAGE
    assert len(second.marks) >= 1
    third = engine.show(first.item_id, part=3, words="the zebras", side=560, folder=previews)
    assert third.marks == ()
    assert second.picture is not None
    with Image.open(second.picture) as image:
        assert max(image.size) in (560, 559)
        mark = second.marks[0]
        inked = image.convert("L").point(lambda level: 255 if level < 128 else 0)
        box = (
            mark.left * image.width,
            mark.top * image.height,
            mark.right * image.width,
            mark.bottom * image.height,
        )
        assert inked.crop(tuple(map(round, box))).getbbox() is not None  # type: ignore[arg-type]


def test_chinese_words_are_marked_whole_or_by_their_pairs(
    engine: Engine, folder: Path, previews: Path
) -> None:
    pdf(folder / "a.pdf", ["故宫博物院在北京", "博物馆的院子"], font="china-s")
    engine.jobs.add([folder], SourceOptions())
    hits = {hit.part: hit for hit in engine.search(Query("博物", limit=9)).hits}
    whole = engine.show(hits[1].item_id, words="故宫博物院", folder=previews)
    assert len(whole.marks) == 1
    pairs = engine.show(hits[2].item_id, words="故宫博物院", folder=previews)
    assert len(pairs.marks) == 1


def test_a_file_that_is_gone_shows_its_thumbnail_and_says_why(
    engine: Engine, folder: Path, previews: Path
) -> None:
    _photo(folder / "photo.jpg")
    hit = _hits(engine, folder)["photo.jpg", 1]
    (folder / "photo.jpg").unlink()
    shown = engine.show(hit.item_id, folder=previews)
    assert shown.picture == engine.thumbnail(hit)
    assert shown.problem == "photo.jpg cannot be shown: it is no longer there."
    assert shown.details.width == 1200
    assert shown.picture is not None
    shown.picture.unlink()
    assert engine.show(hit.item_id, folder=previews).picture is None


def test_a_picture_on_an_unplugged_drive_says_to_connect_it(
    engine: Engine, folder: Path, previews: Path, drives: Drives
) -> None:
    _photo(drives.mount(folder) / "photo.jpg")
    hit = _hits(engine, folder)["photo.jpg", 1]
    drives.unplug(folder)
    engine.jobs.index()
    assert "Connect it" in engine.show(hit.item_id, folder=previews).problem


def test_a_picture_whose_folder_was_renamed_says_so(engine: Engine, folder: Path, previews: Path) -> None:
    _photo(folder / "photo.jpg")
    hit = _hits(engine, folder)["photo.jpg", 1]
    folder.rename(folder.with_name("renamed"))
    engine.jobs.index()
    assert "moved, renamed or deleted" in engine.show(hit.item_id, folder=previews).problem


def test_a_preview_that_cannot_be_written_leaves_the_thumbnail_and_nothing_half_written(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    _photo(folder / "photo.jpg")
    hit = _hits(engine, folder)["photo.jpg", 1]
    (tmp_path / "occupied").write_text("a file where the folder should be")
    shown = engine.show(hit.item_id, folder=tmp_path / "occupied")
    assert shown.picture == engine.thumbnail(hit)
    assert "cannot be written" in shown.problem


@pytest.mark.parametrize("part", [0, 2, -1])
def test_a_page_that_does_not_exist_is_refused(
    engine: Engine, three_pictures: Path, previews: Path, part: int
) -> None:
    item = _hits(engine, three_pictures)["red.png", 1].item_id
    with pytest.raises(UsageError, match="There is no page"):
        engine.show(item, part=part, folder=previews)


def test_an_item_that_is_gone_is_said_to_be_gone(engine: Engine, previews: Path) -> None:
    with pytest.raises(UsageError, match="not in the library any more"):
        engine.show(77, folder=previews)


def test_a_thumbnail_is_made_when_it_is_not_there(engine: Engine, three_pictures: Path) -> None:
    hit = _hits(engine, three_pictures)["red.png", 1]
    path = engine.make_thumbnail(hit.item_id)
    assert path.name == f"{hit.thumbnail_key}.jpg"
    path.unlink()
    assert engine.make_thumbnail(hit.item_id) == path
    assert path.is_file()


def test_a_thumbnail_of_what_changed_or_went_is_refused_with_the_reason(
    engine: Engine, three_pictures: Path
) -> None:
    hit = _hits(engine, three_pictures)["red.png", 1]
    engine.make_thumbnail(hit.item_id).unlink()
    save(picture("blue", 4), hit.path)
    with pytest.raises(UnreadableError, match="changed"):
        engine.make_thumbnail(hit.item_id)
    hit.path.unlink()
    with pytest.raises(UnreadableError, match="no longer there"):
        engine.make_thumbnail(hit.item_id)
    with pytest.raises(UnreadableError, match="not in the library"):
        engine.make_thumbnail(999)
