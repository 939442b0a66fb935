"""Tests of the Python API as documented."""

import base64
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from conftest import save
from helpers.fakes import picture
from PIL import Image

from imagefinder import ImageFinder
from imagefinder.domain.errors import ModelError, UsageError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.engine.indexing.cancel import CancelToken


def test_the_example_of_the_documentation_works(three_pictures: Path, tmp_path: Path) -> None:
    events: list[Progress] = []
    path = three_pictures / "red.png"
    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        report = finder.add(three_pictures, progress=events.append)
        assert (report.indexed, report.reused, report.unchanged, report.unreadable, report.removed) == (
            3,
            0,
            0,
            0,
            0,
        )
        report = finder.index()
        assert (report.indexed, report.unchanged) == (0, 3)
        hits = finder.search("two dogs in snow", images=[path], limit=20)
        assert [(hit.path.parent, hit.part, hit.kind) for hit in hits] == [(three_pictures, 1, "picture")] * 2
        assert all(isinstance(hit.score, float) and -1 <= hit.score <= 1.001 for hit in hits)
        v, w = finder.embed_texts(["red", "a blue car"]), finder.embed_images([path, str(path)])
    for vectors in (v, w):
        assert vectors.shape == (2, v.shape[1])
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert {event.phase for event in events} >= {Phase.EMBEDDING}
    assert (events[-1].done, events[-1].total) == (3, 3)


def test_embedding_nothing_gives_no_rows(tmp_path: Path) -> None:
    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        dimension = finder.embed_texts(["red"]).shape[1]
        assert finder.embed_texts([]).shape == (0, dimension)
        assert finder.embed_images([]).shape == (0, dimension)


def test_embedding_needs_no_source_and_searching_scores_by_it(three_pictures: Path, tmp_path: Path) -> None:
    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        image = finder.embed_images([three_pictures / "red.png"])[0]
        text = finder.embed_texts(["red"])[0]
        finder.add(three_pictures)
        (hit,) = finder.search("red", within=[three_pictures / "red.png"])
    assert hit.score == pytest.approx(float(image @ text), abs=1e-3)


def test_one_path_or_several_of_any_type_are_taken(three_pictures: Path, tmp_path: Path) -> None:
    with ImageFinder.open(str(tmp_path / "library"), model="builtin") as finder:
        assert finder.add(str(three_pictures / "red.png")).indexed == 1
        assert finder.add([three_pictures / "green.png", str(three_pictures / "blue.png")]).indexed == 2
        assert len(finder.search("red", images=str(three_pictures / "red.png"))) == 2
        assert len(finder.search("red", within=three_pictures / "red.png")) == 1  # type: ignore[arg-type]
        assert finder.remove(three_pictures / "red.png") == 1


def test_options_choose_what_is_taken(three_pictures: Path, tmp_path: Path) -> None:
    save(picture("white"), three_pictures / "sub" / "white.BMP")
    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        assert finder.add(three_pictures, recursive=False).indexed == 3
        assert finder.add(three_pictures, extensions=[".bmp"]).removed == 3
        assert finder.add(three_pictures, exclude=["red.*"], include=["*.png"]).indexed == 2
        assert [entry.files for entry in finder.status().sources] == [2]


def test_a_path_that_is_not_there_or_empty_adds_nothing(three_pictures: Path, tmp_path: Path) -> None:
    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        for bad in ("", tmp_path / "nowhere"):
            with pytest.raises(UsageError):
                finder.add([three_pictures, bad])
        assert finder.status().sources == ()


def test_a_job_can_be_stopped_from_another_thread(folder: Path, tmp_path: Path) -> None:
    for number in range(80):
        save(picture("red", number, (300, 200)), folder / f"{number}.png")
    token = CancelToken()

    def stop(event: Progress) -> None:
        if event.phase is Phase.EMBEDDING:
            thread = threading.Thread(target=token.cancel)
            thread.start()
            thread.join()

    with ImageFinder.open(tmp_path / "library", model="builtin") as finder:
        assert finder.add(folder, progress=stop, cancel=token).cancelled
        kept = finder.status().items
        assert kept < 80
        assert finder.index().unchanged == kept
        assert finder.status().items == 80


def test_wrong_names_are_refused_with_a_reason(tmp_path: Path, three_pictures: Path) -> None:
    with pytest.raises(UsageError, match="toaster"):
        ImageFinder.open(tmp_path / "library", device="toaster")
    with ImageFinder.open(tmp_path / "library", model="no-such-model") as finder:
        with pytest.raises(ModelError, match="no-such-model"):
            finder.search("red")
        with pytest.raises(ModelError, match="no-such-model"):
            finder.add(three_pictures)
        assert finder.status().sources == (), "a job that could not begin leaves no source behind"


def test_the_environment_names_library_and_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEFINDER_LIBRARY", str(tmp_path / "mine"))
    monkeypatch.setenv("IMAGEFINDER_MODEL", "no-such-model")
    with ImageFinder.open() as finder:
        assert finder.status().folder == tmp_path / "mine"
        with pytest.raises(ModelError):
            finder.embed_texts(["red"])
    with ImageFinder.open(model="builtin") as finder:
        assert finder.engine.embedder.name == "builtin"


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    finder = ImageFinder.open(tmp_path / "library", model="builtin")
    finder.close()
    finder.close()


def test_importing_it_loads_no_heavy_library() -> None:
    heavy = "torch", "torchvision", "open_clip", "hnswlib", "pymupdf", "rich", "PySide6"
    script = (
        f"import sys; from imagefinder import ImageFinder; print([n for n in {heavy} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True, check=True
    )
    assert done.stdout.split() == [b"[]"]


def test_extensions_that_nothing_reads_are_refused_and_nothing_is_added(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with ImageFinder.open(tmp_path / "library", model="builtin", device="cpu") as finder:
        with pytest.raises(UsageError, match="No reader for mov, xyz"):
            finder.add(tmp_path / "pictures", extensions=["xyz", ".MOV", "jpg"])
        assert finder.status().sources == ()
        finder.add(tmp_path / "pictures", extensions=["*.JPG", ".mpo"])
        assert finder.status().sources[0].source.options.extensions == ("jpg", "mpo")


def test_addresses_are_taken_where_paths_are(tmp_path: Path) -> None:
    folder = tmp_path / "two words é"
    folder.mkdir()
    Image.new("RGB", (40, 30), "red").save(folder / "red.png")
    Image.new("RGB", (40, 30), "blue").save(folder / "blue.png")
    data = "data:image/png;base64," + base64.b64encode((folder / "red.png").read_bytes()).decode()
    with ImageFinder.open(tmp_path / "library", model="builtin", device="cpu") as finder:
        assert finder.add(folder.as_uri()).indexed == 2
        picture = (folder / "red.png").as_uri()
        for given in (picture, data):
            (hit, *_) = finder.search(images=[given], include_query_images=True)
            assert hit.path == folder / "red.png"
        assert finder.search("blue", within=[folder.as_uri()])
        assert finder.embed_images([data]).shape[0] == 1
        with pytest.raises(UsageError, match="Addresses are not fetched"):
            finder.search(images=["https://example.com/cat.jpg"])
        assert finder.remove(folder.as_uri()) == 2
