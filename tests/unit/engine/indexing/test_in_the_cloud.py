"""Tests of online-only files: they are counted, opened on request only, and found if read before."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.cloud_files import FakeCloud
from helpers.fakes import FakeEmbedder, FloatArray, counts, pdf, picture

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.library import ModelChange, why_empty
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions, SourceStatus
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.readers.reader_registry import extensions
from imagefinder.thumbnails.cache import ThumbnailCache


@pytest.fixture
def cloud() -> FakeCloud:
    return FakeCloud("red.png", "blue.png")


@pytest.fixture
def engine(open_engine: OpenEngine, cloud: FakeCloud) -> Engine:
    return open_engine(cloud=cloud)


def _source(engine: Engine, at: int = 0) -> SourceStatus:
    return engine.status().sources[at]


def _stopped_by_the_first_batch(embedder: FakeEmbedder) -> CancelToken:
    token, embed = CancelToken(), embedder.encode_images

    def embed_and_stop(prepared: Sequence[FloatArray]) -> FloatArray:
        token.cancel()
        return embed(prepared)

    embedder.encode_images = embed_and_stop  # type: ignore[method-assign]
    return token


def _found(engine: Engine) -> list[str]:
    return sorted(hit.path.name for hit in engine.search(Query("red", limit=99)).hits)


def test_a_file_that_is_online_only_is_counted_and_not_opened(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    for _ in range(3):
        report = engine.jobs.add([three_pictures], SourceOptions())
        assert (report.in_the_cloud, report.pending, report.unreadable) == (2, 0, 0)
    assert counts(engine.jobs.index()) == {"unchanged": 1, "in_the_cloud": 2}
    assert _found(engine) == ["green.png"]
    status = _source(engine)
    assert (status.in_the_cloud, status.pending, status.unreadable, status.offline_files) == (2, 0, 0, 0)
    assert status.scan_complete
    assert engine.unread() == (0, True)
    assert engine.status().unreadable == ()
    assert cloud.opened == []


def test_asked_for_it_is_read(engine: Engine, cloud: FakeCloud, three_pictures: Path) -> None:
    assert counts(engine.jobs.add([three_pictures], SourceOptions(), download=True)) == {"indexed": 3}
    assert {"red.png", "blue.png"} == set(cloud.opened)
    assert _source(engine).in_the_cloud == 0
    # Whether or not the files are on this disk afterwards.
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    cloud.names.clear()
    assert counts(engine.jobs.index()) == {"unchanged": 3}


def test_later_asked_for_it_is_read(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    assert counts(engine.jobs.index(download=True)) == {"indexed": 2, "unchanged": 1}
    assert _found(engine) == ["blue.png", "green.png", "red.png"]
    assert _source(engine).in_the_cloud == 0


def test_only_sources_that_it_was_asked_for_are_downloaded(
    engine: Engine, cloud: FakeCloud, three_pictures: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    save(picture("blue", 7), other / "blue.png")
    engine.jobs.add([three_pictures, other], SourceOptions())
    report = engine.jobs.index(download=[other])
    assert counts(report) == {"indexed": 1, "unchanged": 1, "in_the_cloud": 2}
    assert set(cloud.opened) == {"blue.png"}
    assert [each.in_the_cloud for each in engine.status().sources] == [2, 0]


def test_a_file_of_two_sources_is_read_for_both(engine: Engine, three_pictures: Path) -> None:
    inner = three_pictures / "inner"
    inner.mkdir()
    shutil.move(three_pictures / "red.png", inner / "red.png")
    report = engine.jobs.add([three_pictures, inner], SourceOptions())
    assert report.in_the_cloud == 2
    assert [each.in_the_cloud for each in engine.status().sources] == [2, 1]
    assert counts(engine.jobs.index(download=[inner])) == {"indexed": 1, "unchanged": 1, "in_the_cloud": 1}
    assert [each.in_the_cloud for each in engine.status().sources] == [1, 0]


def test_once_it_is_on_this_disk_it_is_read_unasked(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    cloud.names.discard("red.png")
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 1, "in_the_cloud": 1}
    assert _source(engine).in_the_cloud == 1


def test_a_file_that_goes_from_the_cloud_is_counted_no_more(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    (three_pictures / "red.png").unlink()
    assert engine.jobs.index().in_the_cloud == 1
    assert _source(engine).in_the_cloud == 1


def test_what_was_read_before_it_went_to_the_cloud_is_found_still(
    open_engine: OpenEngine, engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    open_engine().jobs.add([three_pictures], SourceOptions())
    cloud.opened.clear()
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    hits = engine.search(Query("red")).hits
    assert hits[0].path.name == "red.png"
    assert not hits[0].offline
    assert (_source(engine).in_the_cloud, _source(engine).offline_files) == (0, 0)
    assert cloud.opened == []


def test_a_changed_file_in_the_cloud_is_found_as_it_was(
    open_engine: OpenEngine, engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    open_engine().jobs.add([three_pictures], SourceOptions())
    save(picture("yellow", 5), three_pictures / "red.png")
    cloud.opened.clear()
    assert counts(engine.jobs.index()) == {"unchanged": 2, "in_the_cloud": 1}
    assert engine.search(Query("red")).hits[0].path.name == "red.png"
    assert _source(engine).in_the_cloud == 1
    assert cloud.opened == []
    assert counts(engine.jobs.index(download=True)) == {"indexed": 1, "unchanged": 2}


def test_a_stand_in_keeps_what_is_known_of_its_file(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], SourceOptions(), download=True)
    (three_pictures / "red.png").rename(three_pictures / "red.png.nextcloud")
    (three_pictures / "red.png.nextcloud").write_bytes(b" ")
    (three_pictures / "new.png.nextcloud").write_bytes(b" ")
    for download in (False, True):
        assert counts(engine.jobs.index(download=download)) == {"unchanged": 3, "in_the_cloud": 1}
    assert _found(engine) == ["blue.png", "green.png", "red.png"]
    # A copy of the file does not mean that it was moved.
    save(picture("red"), three_pictures / "copy.png")
    engine.jobs.index()
    assert _found(engine) == ["blue.png", "copy.png", "green.png", "red.png"]


def test_what_could_not_be_read_and_is_in_the_cloud_now_is_not_unreadable(
    open_engine: OpenEngine, engine: Engine, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagefinder.engine.indexing import decode_pool

    def fail(path: Path) -> None:
        raise OSError(5, f"no connection: {path}")

    with monkeypatch.context() as patch:
        patch.setattr(decode_pool, "open_content", fail)
        assert counts(engine.jobs.add([three_pictures], SourceOptions(), download=True)) == {"unreadable": 3}
    assert _source(engine).unreadable == 3
    assert counts(engine.jobs.index()) == {"indexed": 1, "in_the_cloud": 2}
    assert (_source(engine).unreadable, _source(engine).in_the_cloud) == (0, 2)
    assert engine.status().unreadable == ()
    assert counts(engine.jobs.index(download=True)) == {"indexed": 2, "unchanged": 1}


def test_what_a_stopped_download_left_is_in_the_cloud_and_not_pending(
    engine: Engine, embedder: FakeEmbedder, cloud: FakeCloud, folder: Path
) -> None:
    for number in range(30):
        save(picture("gray", number), folder / f"{number}.png")
        cloud.names.add(f"{number}.png")
    token = _stopped_by_the_first_batch(embedder)
    report = engine.jobs.add([folder], SourceOptions(), cancel=token, download=True)
    assert report.cancelled
    assert 0 < report.indexed < 30
    assert _source(engine).in_the_cloud == 30 - report.indexed
    assert _source(engine).pending == 0
    assert engine.jobs.index().in_the_cloud == 30 - report.indexed


def test_half_a_document_stays_as_far_as_it_was_read(
    open_engine: OpenEngine, engine: Engine, embedder: FakeEmbedder, cloud: FakeCloud, folder: Path
) -> None:
    pdf(folder / "long.pdf", [f"page {number}" for number in range(40)])
    here = open_engine()
    here.jobs.add([folder], SourceOptions(), cancel=_stopped_by_the_first_batch(embedder))
    read = _source(here).items
    assert 0 < read < 40
    assert _source(here).pending == 1
    cloud.names = {"long.pdf"}
    cloud.opened.clear()
    assert counts(engine.jobs.index()) == {"in_the_cloud": 1}
    assert (_source(engine).items, _source(engine).pending, _source(engine).in_the_cloud) == (read, 0, 1)
    assert cloud.opened == []


def test_a_search_in_a_folder_downloads_nothing(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    assert engine.jobs.bring_up_to_date(three_pictures).in_the_cloud == 2
    assert engine.jobs.bring_up_to_date(three_pictures / "red.png").in_the_cloud == 1
    assert _source(engine).in_the_cloud == 2
    assert cloud.opened == []


def test_a_query_picture_that_the_user_names_is_opened(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    assert engine.search(Query(images=(three_pictures / "red.png",))).hits[0].path.name == "green.png"
    assert cloud.opened == ["red.png"]


def test_a_copy_of_what_is_in_the_cloud_is_found_without_opening_it(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions(), download=True)
    cloud.opened.clear()
    shutil.copy(three_pictures / "red.png", three_pictures / "copy.png")
    cloud.opened.clear()
    assert counts(engine.jobs.index()) == {"reused": 1, "unchanged": 3}
    assert cloud.opened == []


def test_neither_thumbnail_nor_preview_opens_it_unasked(
    open_engine: OpenEngine, engine: Engine, cloud: FakeCloud, three_pictures: Path, tmp_path: Path
) -> None:
    open_engine().jobs.add([three_pictures], SourceOptions())
    engine.jobs.index()
    hit = engine.search(Query("red")).hits[0]
    cloud.opened.clear()
    shown = engine.show(hit.item_id, folder=tmp_path / "previews")
    assert shown.is_in_the_cloud
    assert shown.problem == "red.png is in the cloud and not on this disk."
    assert shown.picture == engine.thumbnail(hit)
    assert shown.details.path == three_pictures / "red.png"
    shutil.rmtree(tmp_path / "thumbnails")
    assert engine.show(hit.item_id, folder=tmp_path / "previews").picture is None
    with pytest.raises(UnreadableError, match="in the cloud"):
        engine.make_thumbnail(hit.item_id)
    assert cloud.opened == []
    shown = engine.show(hit.item_id, folder=tmp_path / "previews", download=True)
    assert (shown.problem, shown.is_in_the_cloud) == ("", False)
    assert shown.picture is not None
    assert set(cloud.opened) == {"red.png"}


def test_a_change_of_model_waits_for_what_is_in_the_cloud(
    three_pictures: Path, tmp_path: Path, cloud: FakeCloud
) -> None:
    models = {"old": FakeEmbedder("old"), "new": FakeEmbedder("new", offset=0.4)}
    engine = Engine(
        tmp_path / "library",
        lambda name: models[name or "old"],
        ThumbnailCache(tmp_path / "thumbnails"),
        extensions(),
        cloud=lambda: cloud,
    )
    engine.jobs.add([three_pictures], SourceOptions(), download=True)
    engine.models.change("new")
    cloud.opened.clear()
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 2}
    assert engine.status().change == ModelChange("new", 1, 3, 2)
    assert _source(engine).in_the_cloud == 0  # the model in use has read them
    assert cloud.opened == []
    engine.models.change("new", now=True)
    assert (_source(engine).in_the_cloud, _source(engine).pending) == (2, 0)
    assert engine.unread() == (0, True)
    assert counts(engine.jobs.index(download=True)) == {"indexed": 2, "unchanged": 1}
    assert engine.status().embedded["new:1"] == 3
    engine.close()


def test_downloading_ends_a_change_of_model(three_pictures: Path, tmp_path: Path, cloud: FakeCloud) -> None:
    models = {"old": FakeEmbedder("old"), "new": FakeEmbedder("new", offset=0.4)}
    engine = Engine(
        tmp_path / "library",
        lambda name: models[name or "old"],
        ThumbnailCache(tmp_path / "thumbnails"),
        extensions(),
        cloud=lambda: cloud,
    )
    engine.jobs.add([three_pictures], SourceOptions(), download=True)
    engine.models.change("new")
    engine.jobs.index(download=True)
    assert engine.status().model == "new"
    engine.close()


def test_a_library_of_which_all_is_in_the_cloud_says_so(
    engine: Engine, cloud: FakeCloud, three_pictures: Path
) -> None:
    cloud.names.add("green.png")
    engine.jobs.add([three_pictures], SourceOptions())
    assert "that are only in the cloud" in why_empty(engine.status().sources)


def test_what_a_source_that_is_away_has_in_the_cloud_is_not_counted(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    three_pictures.rename(three_pictures.with_name("elsewhere"))
    engine.jobs.index()
    assert _source(engine).source.gone
    assert _source(engine).in_the_cloud == 0
