"""A decoder process that crashes, hangs, grows or lies costs only the part it was decoding."""

import gc
import io
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers.fakes import pdf, picture
from helpers.hostile_files import endless_page, forms_within_forms, misbehaving
from PIL import Image

from imagefinder.domain.errors import NoAnswerError, OverdueError, PassingError, UnreadableError
from imagefinder.domain.items import ItemKind
from imagefinder.isolation import isolated_file
from imagefinder.isolation.decode_limits import DecodeLimits, limits_for_queries
from imagefinder.isolation.decoder_process import Decoder
from imagefinder.isolation.decoders import Decoders
from imagefinder.readers.reader import MediaFile
from imagefinder.readers.reader_registry import open_media

__all__ = ["misbehaving"]

_LIMITED = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux limits the memory of a process by itself"
)
_QUICK = DecodeLimits(seconds=1.0, wasted_seconds=1.5, wall_factor=40.0, memory=300 * 2**20)


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    with Decoders(limits=_QUICK) as made:
        yield made


def _tiff(path: Path, pages: int = 1) -> Path:
    one, *others = [picture("red", number, (300, 200)) for number in range(pages)]
    one.save(path, "TIFF", save_all=True, append_images=others)
    return path


@pytest.mark.parametrize("name", ["a.webp", "b.tif", "c.gif", "d.bmp", "e.ico"])
def test_a_picture_is_the_same_as_decoded_within_the_program(
    decoders: Decoders, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    picture("red", 1, (64, 48)).save(path)
    with decoders.open(path) as isolated, open_media(path) as here:
        assert type(isolated).__name__ == "IsolatedFile"
        theirs, ours = isolated.load(1, 32), here.load(1, 32)
    assert theirs.facts == ours.facts
    assert theirs.image.tobytes() == ours.image.tobytes()


def test_the_pages_of_a_pdf_come_with_their_words_and_where_these_stand(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = pdf(tmp_path / "a.pdf", ["one blue word", "nothing here"])
    with decoders.open(path) as isolated, open_media(path) as here:
        assert isolated.part_count == 2
        assert isolated.load(1, 32).facts == here.load(1, 32).facts
        assert isolated.load(1, 32).facts.kind is ItemKind.PAGE
        assert isolated.find(1, "blue") == here.find(1, "blue") != []
        assert isolated.find(2, "blue") == []
        with pytest.raises(UnreadableError, match="it has no page 3"):
            isolated.load(3, 32)


def test_a_file_that_cannot_be_read_says_why_as_within_the_program(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(b"RIFF\x10\0\0\0WEBPVP8 ")
    with pytest.raises(UnreadableError) as theirs, decoders.open(path) as media:
        media.load(1, 32)
    with pytest.raises(UnreadableError) as ours, open_media(path) as media:
        media.load(1, 32)
    assert str(theirs.value) == str(ours.value)


def test_what_is_missing_of_a_damaged_picture_is_told_as_within_the_program(
    decoders: Decoders, tmp_path: Path
) -> None:
    path = tmp_path / "a.bmp"
    Image.effect_noise((300, 200), 90).save(path)
    path.write_bytes(path.read_bytes()[: 300 * 200 // 4])
    with decoders.open(path) as isolated, open_media(path) as here:
        theirs, ours = isolated.load(1, 32), here.load(1, 32)
    assert theirs.damage == ours.damage is not None
    assert theirs.image.tobytes() == ours.image.tobytes()


def test_plain_pictures_start_no_process(decoders: Decoders, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png"):
        picture("red").save(tmp_path / name)
        with decoders.open(tmp_path / name) as media:
            media.load(1, 32)
    assert decoders._starter is None


def test_one_process_reads_one_file_after_another(decoders: Decoders, tmp_path: Path) -> None:
    used = set()  # type: ignore[var-annotated]
    for number in range(3):
        with decoders.open(_tiff(tmp_path / f"{number}.tif")) as media:
            media.load(1, 32)
            used.update(decoder.pid for decoder in decoders._busy)
    assert len(used) == 1


def _loads(media: MediaFile, part: int) -> str:
    try:
        media.load(part, 32)
    except UnreadableError as error:
        return str(error)
    return ""


@pytest.mark.usefixtures("misbehaving")
def test_a_page_on_which_the_decoder_crashes_is_tried_twice_and_the_others_are_read(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    real = Decoder.__init__

    def noted(self: Decoder, **options: object) -> None:
        started.append(self)
        real(self, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Decoder, "__init__", noted)
    with decoders.open(_tiff(tmp_path / "crash-2.tif", 4)) as media:
        said = [_loads(media, part) for part in range(1, 5)]
    assert said == ["", "the decoder crashed on it", "", ""]
    assert len(started) == 3


@pytest.mark.usefixtures("misbehaving")
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("crash.tif", UnreadableError, "crashed"),
        ("be_killed.tif", UnreadableError, "memory ran out"),
        ("hang.tif", OverdueError, "took too long"),
        pytest.param("grow.tif", UnreadableError, "more memory than the 300 MB", marks=_LIMITED),
        ("be_stopped.tif", NoAnswerError, "does not answer"),
    ],
)
def test_a_file_is_blamed_for_what_its_decoder_died_of(
    decoders: Decoders, tmp_path: Path, name: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        decoders.open(_tiff(tmp_path / name))
    assert isinstance(caught.value, PassingError) == (kind is NoAnswerError)
    # The next file can be read.
    with decoders.open(_tiff(tmp_path / "good.tif")) as media:
        assert _loads(media, 1) == ""


@pytest.mark.usefixtures("misbehaving")
def test_a_decoder_that_neither_computes_nor_answers_is_nobodys_fault(tmp_path: Path) -> None:
    with (
        Decoders(limits=DecodeLimits(seconds=1.0, wasted_seconds=1.5, wall_factor=3.0)) as decoders,
        pytest.raises(NoAnswerError),
    ):
        decoders.open(_tiff(tmp_path / "sleep.tif"))


@_LIMITED
@pytest.mark.usefixtures("misbehaving")
def test_memory_that_is_short_only_now_may_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DecodeLimits, "memory_now", lambda limits, _count: limits.memory // 2)
    with (
        Decoders(limits=_QUICK) as decoders,
        pytest.raises(PassingError, match="more memory than the 150 MB that are free"),
    ):
        decoders.open(_tiff(tmp_path / "grow.tif"))


@pytest.mark.parametrize("made", [endless_page, forms_within_forms])
def test_a_page_that_never_ends_is_given_up(decoders: Decoders, tmp_path: Path, made: Any) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(made())
    with pytest.raises(OverdueError), decoders.open(path) as media:
        media.load(1, 32)


@pytest.mark.usefixtures("misbehaving")
def test_all_that_is_asked_of_a_file_shares_its_total_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated_file, "_LEAST_SECONDS", 0.1)
    limits = DecodeLimits(total_seconds=2.0)
    with Decoders() as decoders, decoders.open(_tiff(tmp_path / "work-1.tif"), limits=limits) as media:
        media.load(1, 32)
        with pytest.raises(OverdueError):
            for _ in range(2):
                media.load(1, 32)


def test_a_pictures_time_as_a_query_goes_by_its_bytes_and_not_by_holes(tmp_path: Path) -> None:
    usual = limits_for_queries()
    assert usual.total_seconds <= 3.0
    assert usual.for_file(io.BytesIO(bytes(20_000_000))).total_seconds >= 7.0
    with (tmp_path / "sparse.pdf").open("wb+") as file:
        file.truncate(10_000_000_000)
        if sys.platform != "win32":
            assert usual.for_file(file).total_seconds < 3.1


def test_of_a_pdf_only_the_pages_that_never_end_are_given_up(decoders: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(forms_within_forms(pages=(False, True, False)))
    with decoders.open(path) as media:
        said = [_loads(media, part) for part in (1, 2, 3)]
    assert [bool(each) for each in said] == [False, True, False]


def test_a_file_that_hangs_at_every_page_wastes_no_more_than_its_share(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []
    real = Decoder.ask

    def ask(self: Decoder, request: pytest.FixtureRequest, **options: Any) -> Any:
        limits.append(options["seconds"])
        return real(self, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Decoder, "ask", ask)
    path = tmp_path / "a.pdf"
    path.write_bytes(forms_within_forms(pages=(True,) * 9))
    with decoders.open(path) as media:
        assert all("took too long" in _loads(media, part) for part in range(1, 10))
        assert media._wasted < 3.5
    assert all(limit <= 1.1 for limit in limits)
    assert len(limits) < 9


@pytest.mark.usefixtures("misbehaving")
def test_closing_ends_a_decoder_in_the_midst_of_a_page_and_blames_nothing(tmp_path: Path) -> None:
    decoders = Decoders()
    said: list[Exception] = []

    def read() -> None:
        try:
            decoders.open(_tiff(tmp_path / "hang.tif"))
        except UnreadableError as error:
            said.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    while not decoders._busy:
        time.sleep(0.01)
    (decoder,) = decoders._busy
    decoders.close()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(said[0], NoAnswerError)
    assert not psutil.pid_exists(decoder.pid)
    with pytest.raises(NoAnswerError):
        decoders.open(_tiff(tmp_path / "good.tif"))


def test_a_decoder_that_ended_meanwhile_is_replaced(decoders: Decoders, tmp_path: Path) -> None:
    for number in range(2):
        with decoders.open(_tiff(tmp_path / f"{number}.tif")) as media:
            assert _loads(media, 1) == ""
        (idle,) = decoders._idle
        psutil.Process(idle.pid).kill()
        psutil.Process(idle.pid).wait(5)


@pytest.mark.parametrize(
    "lie",
    [
        {"width": 10, "height": 10, "facts": ["picture", 10, 10, None], "damage": None},
        {"width": 10**6, "height": 10**6, "facts": ["picture", 10, 10, None, ""], "damage": None},
        {"width": -1, "height": -100, "facts": ["picture", 10, 10, None, ""], "damage": None},
        {"width": 10.5, "height": 10, "facts": ["picture", 10, 10, None, ""], "damage": None},
        {"width": 10, "height": 10, "facts": ["page; DROP", 10, 10, None, ""], "damage": None},
        {"width": 10, "height": 10, "facts": ["picture", 10, 10, None, ""], "damage": ""},
        {"problem": "unreadable"},
        {"problem": "unreadable", "reason": "in words"},
        {"problem": "passing", "reason": {"code": "of_its_own_making", "parameters": {}}},
        {"problem": "unreadable", "reason": {"code": "damaged", "parameters": {"page": [1]}}},
        {
            "problem": "unreadable",
            "reason": {"code": "damaged", "parameters": dict.fromkeys("abcdefghijklmnopq", 1)},
        },
        {},
    ],
)
def test_a_decoder_that_lies_is_taken_for_one_that_crashed(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: dict[str, object]
) -> None:
    with decoders.open(_tiff(tmp_path / "a.tif")) as media:
        monkeypatch.setattr(Decoder, "ask", lambda *_, **__: lie)
        with pytest.raises(UnreadableError, match="crashed"):
            media.load(1, 32)


def test_a_large_file_is_handed_over_as_it_stands(
    decoders: Decoders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated_file, "READ_WHOLE", 100)
    path = pdf(tmp_path / "a.pdf", ["large"])
    with decoders.open(path) as media:
        assert media.load(1, 32).facts.text == "large"
    with decoders.isolated(_tiff(tmp_path / "a.tif"), io.BytesIO((tmp_path / "a.tif").read_bytes())) as media:
        assert media.load(1, 32).image.size == (300, 200)


def test_nothing_is_left_open(tmp_path: Path) -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    path = _tiff(tmp_path / "a.tif")
    with Decoders(limits=_QUICK) as decoders, decoders.open(path) as media:
        media.load(1, 32)
    before = descriptors()
    for _ in range(3):
        with Decoders(limits=_QUICK) as decoders, decoders.open(path) as media:
            media.load(1, 32)
    assert descriptors() == before


def test_a_palette_picture_comes_in_a_reasonable_size(decoders: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    Image.new("P", (4000, 3000)).save(path)
    with decoders.open(path) as media:
        assert min(media.load(1, 32).image.size) < 200
        assert media.load(1, 32).facts.width == 4000
