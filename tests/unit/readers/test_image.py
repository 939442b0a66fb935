"""The picture reader: contract, scaling, multiple pages, threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.reader_contract import ReaderContract
from PIL import Image, TiffImagePlugin

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind
from imagefinder.readers.image_reader import ImageReader


class PictureContract(ReaderContract):
    format_name = "PNG"
    options: dict[str, object] = {}  # noqa: RUF012 - never changed

    def reader(self) -> ImageReader:
        return ImageReader()

    @pytest.fixture(autouse=True)
    def _make_sample(self, scene: Image.Image, encoded: Callable[..., bytes]) -> None:
        self._sample = encoded(scene, self.format_name, **self.options)

    def sample(self) -> bytes:
        return self._sample

    def kind(self) -> ItemKind:
        return ItemKind.PICTURE


class TestJpeg(PictureContract):
    format_name = "JPEG"


class TestProgressiveJpeg(PictureContract):
    format_name = "JPEG"
    options = {"progressive": True}  # noqa: RUF012


class TestPng(PictureContract):
    format_name = "PNG"


class TestGif(PictureContract):
    format_name = "GIF"


class TestTiff(PictureContract):
    format_name = "TIFF"


class TestWebp(PictureContract):
    format_name = "WEBP"


class TestBmp(PictureContract):
    format_name = "BMP"


class TestJpeg2000(PictureContract):
    format_name = "JPEG2000"


class TestAvif(PictureContract):
    format_name = "AVIF"


class TestHeif(PictureContract):
    format_name = "HEIF"


def load(path: Path, part: int = 1, side: int = 224) -> Any:
    with ImageReader().open(path) as media:
        return media.load(part, side)


@pytest.mark.parametrize(
    ("side", "expected"),
    [(1000, (1600, 1200)), (601, (1600, 1200)), (600, (800, 600)), (224, (400, 300)), (1, (200, 150))],
)
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_covers_the_side(
    save: Callable[..., Path], scene: Image.Image, side: int, expected: Any
) -> None:
    loaded = load(save(scene.resize((1600, 1200)), "a.jpg"), side=side)
    assert loaded.image.size == expected
    assert (loaded.facts.width, loaded.facts.height) == (1600, 1200)


@pytest.mark.parametrize(
    ("side", "expected"), [(61, (640, 480)), (60, (320, 240)), (40, (214, 160)), (20, (107, 80))]
)
def test_other_formats_keep_at_least_four_times_the_side(
    save: Callable[..., Path], scene: Image.Image, side: int, expected: Any
) -> None:
    for name in ("a.png", "a.webp", "a.tif", "a.heic"):
        loaded = load(save(scene.resize((640, 480)), name), side=side)
        assert loaded.image.size == expected
        assert (loaded.facts.width, loaded.facts.height) == (640, 480)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "1", "P", "I;16"])
def test_a_large_picture_of_any_mode_keeps_its_colours(save: Callable[..., Path], mode: str) -> None:
    picture = Image.new("L", (640, 480), 200)
    picture.paste(40, (320, 0, 640, 480))
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    small = load(save(picture.convert(mode) if mode != "I;16" else picture, "a.tif"), side=20).image
    light, dark = (small.getpixel((small.width * at // 4, small.height // 2))[0] for at in (1, 3))
    # In black and white, greys are dithered.
    off = 10 if mode == "1" else 2
    assert (light, dark) == (pytest.approx(200, abs=off), pytest.approx(40, abs=off))


def test_what_shines_through_a_large_picture_is_white(save: Callable[..., Path]) -> None:
    picture = Image.new("RGBA", (640, 480), (0, 0, 200, 255))
    picture.paste((90, 0, 0, 0), (320, 0, 640, 480))
    small = load(save(picture, "a.png"), side=20).image
    assert small.getpixel((small.width // 4, 30)) == (0, 0, 200)
    assert small.getpixel((small.width * 3 // 4, 30)) == (255, 255, 255)


def test_a_colour_that_stands_for_transparency_is_not_mixed_with_others(save: Callable[..., Path]) -> None:
    columns = np.full((480, 640, 3), 255, np.uint8)
    columns[:, ::2] = (90, 0, 0)
    path = save(Image.fromarray(columns), "a.png", transparency=(90, 0, 0))
    assert load(path, side=20).image.getextrema() == ((255, 255),) * 3


def test_a_picture_smaller_than_asked_comes_as_it_is(save: Callable[..., Path], scene: Image.Image) -> None:
    assert load(save(scene.resize((8, 6)), "a.jpg"), side=500).image.size == (8, 6)


def test_a_picture_of_one_pixel_is_read(save: Callable[..., Path]) -> None:
    assert load(save(Image.new("RGB", (1, 1), "red"), "a.png")).image.size == (1, 1)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_a_tiff_has_a_part_for_every_page(save: Callable[..., Path], compression: Any) -> None:
    pages = [Image.new("RGB", (40 + 10 * i, 30), (50 * i, 0, 200)) for i in range(5)]
    path = save(pages[0], "a.tif", save_all=True, append_images=pages[1:], compression=compression)
    with ImageReader().open(path) as media:
        assert media.part_count == 5
        for part in (3, 1, 5, 2, 4, 4):
            loaded = media.load(part, 16)
            assert loaded.image.size == (loaded.facts.width, loaded.facts.height) == (30 + 10 * part, 30)
            red, _, blue = loaded.image.getpixel((20, 15))  # type: ignore[misc]
            assert abs(red - 50 * (part - 1)) < 6 and abs(blue - 200) < 6


def tiff_of(path: Path, *pages: tuple[Image.Image, dict[int, int]]) -> Path:
    with TiffImagePlugin.AppendingTiffWriter(str(path), new=True) as writer:
        for image, tags in pages:
            image.save(writer, "TIFF", tiffinfo=tags)
            writer.newFrame()
    return path


def test_previews_and_masks_in_a_tiff_are_no_pages(tmp_path: Path) -> None:
    big, small = Image.new("RGB", (80, 60), "red"), Image.new("RGB", (20, 15), "blue")
    path = tiff_of(
        tmp_path / "a.tif",
        (small, {254: 1}),
        (big, {}),
        (small, {254: 4}),
        (small, {255: 2}),
        (big, {254: 2}),
    )
    with ImageReader().open(path) as media:
        assert media.part_count == 2
        assert [media.load(part, 16).image.size for part in (1, 2)] == [(80, 60), (80, 60)]


def test_a_tiff_of_previews_alone_still_shows_one(tmp_path: Path) -> None:
    path = tiff_of(tmp_path / "a.tif", (Image.new("RGB", (20, 15), "blue"), {254: 1}))
    assert load(path).image.size == (20, 15)


def test_a_tiff_that_breaks_off_gives_its_first_pages_and_says_that_one_is_missing(
    save: Callable[..., Path],
) -> None:
    pages = [Image.new("RGB", (40, 30), (50 * i, 0, 0)) for i in range(3)]
    path = save(pages[0], "a.tif", save_all=True, append_images=pages[1:])
    with Image.open(path) as picture:
        picture.seek(2)
        third = picture._frame_pos[2]
    path.write_bytes(path.read_bytes()[: third + 1])
    with ImageReader().open(path) as media:
        assert media.part_count == 3
        assert media.load(2, 16).image.getpixel((5, 5)) == (50, 0, 0)
        with pytest.raises(UnreadableError, match=r"cut short|damaged"):
            media.load(3, 16)
        assert media.load(1, 16).image.getpixel((5, 5)) == (0, 0, 0)


def test_a_damaged_page_is_refused_every_time_it_is_asked_for(save: Callable[..., Path]) -> None:
    page = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8))
    path = save(page, "a.tif", save_all=True, append_images=[page], compression="tiff_adobe_deflate")
    with Image.open(path) as picture:
        picture.seek(1)
        strip = picture.tag_v2[273][0]
    data = bytearray(path.read_bytes())
    data[strip + 500 : strip + 900] = bytes(400)
    path.write_bytes(data)
    with ImageReader().open(path) as media:
        for _ in range(3):
            with pytest.raises(UnreadableError, match="damaged"):
                media.load(2, 16)
        assert media.load(1, 300).image.tobytes() == page.tobytes()
        assert media.load(1, 300).image.tobytes() == page.tobytes()


def test_a_tiff_whose_pages_form_a_circle_ends(save: Callable[..., Path]) -> None:
    page = Image.new("RGB", (40, 30))
    path = save(page, "a.tif", save_all=True, append_images=[page])
    with Image.open(path) as picture:
        picture.seek(1)
        first, second = picture._frame_pos
    data = bytearray(path.read_bytes())
    count = int.from_bytes(data[second : second + 2], "little")
    data[second + 2 + 12 * count :][:4] = first.to_bytes(4, "little")
    end = second + 2 + 12 * count
    data[end : end + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    with ImageReader().open(path) as media:
        assert media.part_count == 2


def test_threads_each_with_their_own_file_agree_with_one_alone(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    paths = [
        save(noise.rotate(i), f"{i}.{e}") for i in range(5) for e in ("jpg", "png", "webp", "tif", "heic")
    ]
    alone = [load(path, side=16).image.tobytes() for path in paths]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda path: load(path, side=16).image.tobytes(), paths * 3))
    assert together == alone * 3


def test_the_file_is_let_go_of_on_close(save: Callable[..., Path], scene: Image.Image) -> None:
    with ImageReader().open(save(scene, "a.png")) as media:
        file = media._file
        assert not file.closed
    assert file.closed


def test_the_file_is_let_go_of_when_opening_fails(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(UnreadableError):
        ImageReader().open(path)
    # A file left open would raise a ResourceWarning, which is an error in tests.


def test_real_photographs_are_read() -> None:
    folder = Path("/work/shared/data/photos")
    if not folder.is_dir():
        pytest.skip("the folder of photographs is not on this machine")
    for path in sorted(folder.glob("*.jpg"))[::8]:
        loaded = load(path)
        assert min(loaded.image.size) >= 224
        assert np.asarray(loaded.image).std() > 5
