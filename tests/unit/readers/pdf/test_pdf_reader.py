"""The PDF reader: contract, pages, text, passwords and damage."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pymupdf
import pytest
from contracts.reader_contract import ReaderContract
from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind
from imagefinder.readers.pdf.pdf_file import MAX_PAGE_PIXELS
from imagefinder.readers.pdf.pdf_reader import PdfReader


class TestPdf(ReaderContract):
    def reader(self) -> PdfReader:
        return PdfReader()

    @pytest.fixture(autouse=True)
    def _make_sample(self, new_pdf: Any) -> None:
        for number in range(1, 4):
            page = new_pdf.new_page(width=400, height=300)
            page.insert_text((40, 60), f"This is page {number}", fontsize=20)
        self._sample = new_pdf.tobytes()

    def sample(self) -> bytes:
        return self._sample

    def kind(self) -> ItemKind:
        return ItemKind.PAGE


def saved(document: Any, folder: Path, **options: Any) -> Path:
    path = folder / "document.pdf"
    document.save(path, **options)
    return path


def load(path: Path, part: int = 1, side: int = 100) -> Any:
    with PdfReader().open(path) as media:
        return media.load(part, side)


@pytest.mark.parametrize("side", [1, 7, 224, 336, 517])
@pytest.mark.parametrize("size", [(595, 842), (842.3, 595.1), (300, 300), (100, 2000)])
def test_the_shorter_side_is_as_asked(
    new_pdf: Any, tmp_path: Path, side: int, size: tuple[float, float]
) -> None:
    new_pdf.new_page(width=size[0], height=size[1])
    loaded = load(saved(new_pdf, tmp_path), side=side)
    assert side <= min(loaded.image.size) <= side + 1
    assert (loaded.facts.width, loaded.facts.height) == (round(size[0]), round(size[1]))


def test_a_page_is_drawn_in_its_colours_on_white(new_pdf: Any, tmp_path: Path) -> None:
    page = new_pdf.new_page(width=200, height=200)
    page.draw_rect(pymupdf.Rect(0, 0, 100, 100), color=None, fill=(1, 0, 0))
    image = load(saved(new_pdf, tmp_path)).image
    assert image.getpixel((20, 20)) == (255, 0, 0)
    assert image.getpixel((80, 80)) == (255, 255, 255)


def test_a_turned_page_is_upright(new_pdf: Any, tmp_path: Path) -> None:
    page = new_pdf.new_page(width=300, height=200)
    page.insert_text((20, 40), "turned")
    page.set_rotation(90)
    loaded = load(saved(new_pdf, tmp_path))
    assert (loaded.facts.width, loaded.facts.height) == (200, 300)
    assert loaded.image.width < loaded.image.height
    assert loaded.facts.text == "turned"


def test_latin_and_chinese_words_are_read(new_pdf: Any, tmp_path: Path) -> None:
    page = new_pdf.new_page()
    page.insert_text((50, 80), ["A naïve café, inter-", "nationally known", "for its Größe"], fontsize=14)
    page.insert_text((50, 200), ["图片搜索引", "擎很好用"], fontname="china-s", fontsize=14)
    text = load(saved(new_pdf, tmp_path)).facts.text
    assert text == "A naïve café, internationally known for its Größe 图片搜索引擎很好用"


def test_a_scanned_page_without_words_is_a_page_like_any_other(
    new_pdf: Any, tmp_path: Path, scene: Image.Image, encoded: Callable[..., bytes]
) -> None:
    page = new_pdf.new_page(width=160, height=120)
    page.insert_image(page.rect, stream=encoded(scene, "JPEG", quality=95))
    loaded = load(saved(new_pdf, tmp_path), side=120)
    assert loaded.facts.text == ""
    assert np.abs(np.asarray(loaded.image, int) - np.asarray(scene, int)).mean() < 6


def test_every_one_of_sixty_pages_is_read(new_pdf: Any, tmp_path: Path) -> None:
    for number in range(1, 61):
        new_pdf.new_page(width=200, height=100).insert_text((20, 50), f"page {number}")
    with PdfReader().open(saved(new_pdf, tmp_path)) as media:
        assert media.part_count == 60
        assert [media.load(part, 20).facts.text for part in range(1, 61)] == [
            f"page {n}" for n in range(1, 61)
        ]


@pytest.mark.parametrize("size", [(1, 14400), (14400, 1), (3, 14400), (14400, 14400)])
def test_a_page_of_absurd_shape_makes_no_huge_picture(new_pdf: Any, tmp_path: Path, size: Any) -> None:
    new_pdf.new_page(width=size[0], height=size[1])
    width, height = load(saved(new_pdf, tmp_path), side=448).image.size
    assert width * height <= 1.1 * MAX_PAGE_PIXELS
    assert min(width, height) >= 1


@pytest.mark.parametrize("side", ["1e30", "3e38", "1e39", "99999999999999999999", "1e400"])
def test_a_page_that_claims_to_be_endless_is_read_or_refused(tmp_path: Path, side: str) -> None:
    path = tmp_path / "endless.pdf"
    path.write_text(
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 {side} 200]>>endobj\ntrailer<</Root 1 0 R>>"
    )
    with suppress(UnreadableError):
        facts = load(path).facts
        assert 1 <= facts.width < 2**63
        assert 1 <= facts.height < 2**63


def test_a_pdf_that_needs_a_password_is_unreadable(new_pdf: Any, tmp_path: Path) -> None:
    new_pdf.new_page()
    path = saved(
        new_pdf, tmp_path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="owner"
    )
    with pytest.raises(UnreadableError, match="encrypted: it opens only with a password"):
        PdfReader().open(path)


def test_a_pdf_that_only_forbids_changes_is_read(new_pdf: Any, tmp_path: Path) -> None:
    new_pdf.new_page().insert_text((50, 50), "open to all")
    path = saved(
        new_pdf, tmp_path, encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="", owner_pw="owner", permissions=0
    )
    assert load(path).facts.text == "open to all"


def test_a_damaged_pdf_that_can_be_repaired_is_read(new_pdf: Any, tmp_path: Path) -> None:
    new_pdf.new_page().insert_text((50, 50), "still here")
    path = saved(new_pdf, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"xref")] + b"startxref\n99999\n%%EOF")
    assert load(path).facts.text == "still here"


def test_a_damaged_pdf_is_unreadable_and_says_nothing_to_the_terminal(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7\n" + random.Random(1).randbytes(5000))
    with pytest.raises(UnreadableError, match="the PDF is damaged"):
        PdfReader().open(path)
    assert "".join(capfd.readouterr()) == ""


def test_a_page_that_fails_leaves_the_others_readable(
    new_pdf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        new_pdf.new_page(width=200, height=100).insert_text((20, 50), f"page {number}")
    draw = pymupdf.Page.get_pixmap

    def fail_on_the_second(page: Any, **options: Any) -> Any:
        if page.number == 1:
            raise pymupdf.mupdf.FzErrorSyntax("invalid key in dict")
        return draw(page, **options)

    monkeypatch.setattr(pymupdf.Page, "get_pixmap", fail_on_the_second)
    with PdfReader().open(saved(new_pdf, tmp_path)) as media:
        assert media.load(1, 20).facts.text == "page 1"
        with pytest.raises(UnreadableError, match="the PDF is damaged"):
            media.load(2, 20)
        assert media.load(3, 20).facts.text == "page 3"


def test_flipped_and_missing_bytes_give_pages_or_a_reason(
    new_pdf: Any,
    tmp_path: Path,
    scene: Image.Image,
    encoded: Callable[..., bytes],
    capfd: pytest.CaptureFixture[str],
) -> None:
    page = new_pdf.new_page(width=160, height=120)
    page.insert_image(page.rect, stream=encoded(scene, "JPEG"))
    page.insert_text((20, 20), "words")
    path, chance = saved(new_pdf, tmp_path, deflate=True), random.Random(5)
    whole = path.read_bytes()
    for _ in range(150):
        data = bytearray(whole)
        if chance.random() < 0.3:
            del data[chance.randrange(10, len(data)) :]
        for _ in range(chance.choice((1, 4, 16, 64))):
            data[chance.randrange(8, len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            with PdfReader().open(path) as media:
                assert media.load(1, 16).image.mode == "RGB"
        except UnreadableError as error:
            assert str(error)
    assert "".join(capfd.readouterr()) == ""


def test_threads_take_turns_and_agree_with_one_alone(new_pdf: Any, tmp_path: Path) -> None:
    for number in range(1, 9):
        new_pdf.new_page(width=200, height=100).insert_text((20, 50), f"page {number}")
    path = saved(new_pdf, tmp_path)
    alone = [load(path, part, 40) for part in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda part: load(path, part, 40), [*range(1, 9)] * 5))
    assert [x.facts for x in together] == [x.facts for x in alone] * 5
    assert [x.image.tobytes() for x in together] == [x.image.tobytes() for x in alone] * 5


def test_what_mupdf_keeps_is_given_back(
    new_pdf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_pdf.new_page()
    shrunk: list[int] = []
    monkeypatch.setattr(pymupdf.TOOLS, "store_shrink", shrunk.append)
    with PdfReader().open(saved(new_pdf, tmp_path)) as media:
        for _ in range(3):
            media.load(1, 20)
    assert shrunk == [75, 75, 75, 100]
    assert pymupdf.TOOLS.mupdf_warnings() == ""


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("cropped", [False, True])
def test_words_are_found_where_they_are_seen(new_pdf: Any, tmp_path: Path, turn: int, cropped: bool) -> None:
    page = new_pdf.new_page(width=300, height=400)
    page.insert_text((60, 100), "Zebra stripes", fontsize=20)
    if cropped:
        page.set_cropbox(pymupdf.Rect(40, 50, 260, 350))
    page.set_rotation(turn)
    with PdfReader().open(saved(new_pdf, tmp_path)) as media:
        (found,) = media.find(1, "zebra STRIPES")
        image = media.load(1, 600).image
    left, top, right, bottom = image.convert("L").point(lambda level: 255 if level < 128 else 0).getbbox()  # type: ignore[misc]
    width, height = image.size
    # The ink of the letters is within the region and fills most of its length.
    assert found.left * width - 2 <= left < right <= found.right * width + 2
    assert found.top * height - 2 <= top < bottom <= found.bottom * height + 2
    longest = max((right - left) / width, (bottom - top) / height)
    assert longest > 0.9 * max(found.right - found.left, found.bottom - found.top)


def test_a_phrase_is_found_wherever_it_stands_and_nowhere_else(new_pdf: Any, tmp_path: Path) -> None:
    for text in ("cat and cat", "dog"):
        new_pdf.new_page(width=300, height=300).insert_text((20, 50), text)
    with PdfReader().open(saved(new_pdf, tmp_path)) as media:
        assert [len(media.find(part, "cat")) for part in (1, 2)] == [2, 0]
        with pytest.raises(UnreadableError, match="it has no page 3"):
            media.find(3, "cat")
