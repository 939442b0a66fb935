"""Conversion to sRGB, with results as in a good viewer."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colour_profiles import swapped_profile
from PIL import Image, ImageCms, PngImagePlugin

from imagefinder.readers.image_reader import ImageReader
from imagefinder.readers.pillow.colour import to_srgb

RAMP = np.linspace(0, 1, 256).reshape(16, 16)


def close(image: Image.Image, wanted: Image.Image, tolerance: int = 2) -> bool:
    difference = np.abs(np.asarray(image, dtype=int) - np.asarray(wanted.convert("RGB"), dtype=int))
    return bool(difference.max() <= tolerance)


def load(path: Path) -> Image.Image:
    with ImageReader().open(path) as media:
        return media.load(1, 1000).image


@pytest.mark.parametrize("name", ["grey.png", "grey.tif", "grey.jp2"])
def test_16_bit_grey_keeps_its_range(save: Callable[..., Path], name: str) -> None:
    path = save(Image.fromarray((RAMP * 65535).astype(np.uint16)), name)
    assert close(load(path), Image.fromarray((RAMP * 255).astype(np.uint8)))


def test_16_bit_grey_of_the_other_byte_order_keeps_its_range() -> None:
    grey = Image.fromarray((RAMP * 65535).astype(np.uint16))
    swapped = Image.frombytes("I;16B", grey.size, np.asarray(grey).astype(">u2").tobytes())
    assert close(to_srgb(swapped), Image.fromarray((RAMP * 255).astype(np.uint8)))


def test_a_16_bit_portable_greymap_keeps_its_range(tmp_path: Path) -> None:
    path = tmp_path / "grey.pgm"
    path.write_bytes(b"P5 16 16 65535\n" + (RAMP * 65535).astype(">u2").tobytes())
    assert close(load(path), Image.fromarray((RAMP * 255).astype(np.uint8)))


def recognisable(path: Path, wanted: np.ndarray) -> bool:
    """Whether dark and light areas are in the right places."""
    grey = np.asarray(load(path).convert("L"), dtype=float)
    return bool(np.corrcoef(grey.ravel(), wanted.ravel())[0, 1] > 0.95 and np.ptp(grey) > 150)


@pytest.mark.parametrize("hot", [50_000.0, 1e30, -1e9, np.inf, np.nan])
@pytest.mark.parametrize("top", [1.0, 200.0, 1e6])
@pytest.mark.parametrize("side", [10, 64, 1100])
def test_a_hot_pixel_does_not_decide_the_scale(
    save: Callable[..., Path], side: int, top: float, hot: float
) -> None:
    ramp = np.linspace(0, top, side * side).reshape(side, side).astype(np.float32)
    spoilt = ramp.copy()
    spoilt[side // 2, 3] = hot
    assert recognisable(save(Image.fromarray(spoilt), "hot.tif"), ramp)


def test_what_is_rare_but_all_there_is_to_see_is_seen(save: Callable[..., Path]) -> None:
    strokes = np.full((100, 100), -5.0, np.float32)
    strokes[50, 10:20] = 300.0
    shown = load(save(Image.fromarray(strokes), "strokes.tif"))
    assert (shown.getpixel((15, 50)), shown.getpixel((50, 15))) == ((255,) * 3, (0,) * 3)


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_16_bits_that_use_only_the_lower_ones_are_not_black(
    save: Callable[..., Path], name: str, bits: int
) -> None:
    values = (RAMP * (2**bits - 1)).astype(np.uint16)
    assert close(load(save(Image.fromarray(values), name)), Image.fromarray((RAMP * 255).astype(np.uint8)))
    big = np.kron(values, np.ones((8, 8), np.uint16))
    big[3, 3] = 65535
    assert recognisable(save(Image.fromarray(big), name), np.minimum(big, 2**bits - 1))


@pytest.mark.parametrize("order", ["little", "big"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [12, 16])
def test_a_deep_grey_tiff_is_scaled_by_its_own_range(
    tmp_path: Path, order: Any, photometric: int, bits: int
) -> None:
    top = 2**bits - 1
    values = np.linspace(0, top // 3, 256).astype(int)  # a dark picture
    packed = b"".join(
        ((int(a) << 12) | int(b)).to_bytes(3) if bits == 12 else b"".join(int(v).to_bytes(2, order) for v in (a, b))
        for a, b in zip(values[::2], values[1::2], strict=True)
    )  # fmt: skip
    tags = [(256, 16), (257, 16), (258, bits), (259, 1), (262, photometric), (273, 200), (277, 1), (278, 16)]
    tags.append((279, len(packed)))

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, order)

    content = (b"II" if order == "little" else b"MM") + number(42, 2) + number(8, 4) + number(len(tags), 2)
    for tag, value in tags:
        content += number(tag, 2) + number(4, 2) + number(1, 4) + number(value, 4)
    path = tmp_path / "a.tif"
    path.write_bytes(content.ljust(200, b"\0") + packed)
    levels = np.asarray(load(path))[..., 0].ravel()
    wanted = values * 255 // top
    assert np.abs(levels.astype(int) - (wanted if photometric else 255 - wanted)).max() <= 1


def test_16_bit_grey_where_white_is_zero_is_no_negative(save: Callable[..., Path]) -> None:
    values = (RAMP * 65535).astype(np.uint16)
    path = save(Image.fromarray(values), "a.tif", tiffinfo={262: 0})
    with Image.open(path) as picture:
        assert picture.tag_v2[262] == 0
    assert close(load(path), Image.fromarray((255 - RAMP * 255).astype(np.uint8)))


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_fractions_are_scaled_by_the_usual_range_that_holds_them(
    save: Callable[..., Path], top: float
) -> None:
    path = save(Image.fromarray((RAMP * top).astype(np.float32)), "grey.tif")
    assert close(load(path), Image.fromarray((RAMP * 255).astype(np.uint8)))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_numbers_of_no_usual_range_are_stretched(save: Callable[..., Path], kind: Any) -> None:
    path = save(Image.fromarray((RAMP * 1e6 - 3e5).astype(kind)), "heights.tif")
    assert close(load(path), Image.fromarray((RAMP * 255).astype(np.uint8)))


def test_what_is_not_a_number_is_black_and_disturbs_nothing() -> None:
    values = RAMP.astype(np.float32)
    values[0, 0], values[5, 5], values[7, 7] = np.nan, np.inf, -np.inf
    image = to_srgb(Image.fromarray(values))
    assert image.getpixel((0, 0)) == (0, 0, 0)
    assert image.getpixel((15, 15)) == (255, 255, 255)


def test_a_constant_or_empty_range_is_no_division_by_zero() -> None:
    for value in (0.0, -7.0, np.nan, 3e38):
        assert to_srgb(Image.fromarray(np.full((4, 4), value, dtype=np.float32))).mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA", "RGBa", "La"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    alpha = Image.new("L", (8, 8), 0)
    alpha.paste(255, (0, 0, 4, 8))
    alpha.paste(128, (4, 0, 6, 8))
    plain = {"RGBa": "RGBA", "La": "LA"}.get(mode, mode)
    black = Image.new("P", (8, 8)).convert("PA") if mode == "PA" else Image.new(plain, (8, 8))
    black.putalpha(alpha)
    shown = to_srgb(black.convert(mode) if mode != plain else black)
    assert shown.getpixel((1, 1)) == (0, 0, 0)
    assert all(abs(value - 127) <= 2 for value in shown.getpixel((5, 1)))
    assert shown.getpixel((7, 1)) == (255, 255, 255)


def test_a_transparent_palette_entry_or_colour_is_laid_on_white(save: Callable[..., Path]) -> None:
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 0, 0, 200, 0, 0])
    palette.paste(0, (0, 0, 4, 8))
    for path in (
        save(palette, "a.png", transparency=0),
        save(palette, "b.png", transparency=b"\0\xff"),
        save(palette, "c.gif", transparency=0),
        save(palette.convert("RGB"), "d.png", transparency=(0, 0, 0)),
    ):
        image = load(path)
        assert image.getpixel((1, 1)) == (255, 255, 255)
        assert image.getpixel((6, 1)) == (200, 0, 0)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp", "a.pbm"])
def test_1_bit_is_black_and_white(save: Callable[..., Path], name: str) -> None:
    image = Image.new("1", (16, 16), 1)
    image.paste(0, (0, 0, 8, 16))
    shown = load(save(image, name))
    assert (shown.getpixel((3, 3)), shown.getpixel((12, 3))) == ((0, 0, 0), (255, 255, 255))
    assert len(shown.getcolors()) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_without_a_profile_is_converted_plainly(
    save: Callable[..., Path], scene: Image.Image, name: str
) -> None:
    assert close(load(save(scene.convert("CMYK"), name)), scene, tolerance=24)


def test_an_embedded_profile_is_followed(save: Callable[..., Path], scene: Image.Image) -> None:
    red, green, blue = scene.split()
    shown = load(save(scene, "a.png", icc_profile=swapped_profile()))
    assert close(shown, Image.merge("RGB", (blue, green, red)), tolerance=6)


def test_a_profile_is_followed_under_transparency_and_in_a_palette(save: Callable[..., Path]) -> None:
    half = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    half.paste((255, 0, 0, 0), (4, 0, 8, 8))
    palette = Image.new("RGB", (8, 8), (255, 0, 0)).quantize(2)
    for image in (half, palette):
        shown = load(save(image, f"{image.mode}.png", icc_profile=swapped_profile()))
        assert close(shown.crop((0, 0, 4, 8)), Image.new("RGB", (4, 8), (0, 0, 255)), tolerance=4)
    assert load(save(half, "h.png", icc_profile=swapped_profile())).getpixel((7, 7)) == (255, 255, 255)


def test_an_srgb_profile_under_any_name_changes_nothing(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    profile = (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        .tobytes()
        .replace(b"s\0R\0G\0B", b"m\0i\0n\0e")
    )
    assert load(save(scene, "a.png", icc_profile=profile)).tobytes() == scene.tobytes()


@pytest.mark.parametrize("profile", [b"\0", b"not a profile" * 30, swapped_profile()[:200]])
def test_a_broken_profile_is_ignored(save: Callable[..., Path], scene: Image.Image, profile: bytes) -> None:
    assert load(save(scene, "a.png", icc_profile=profile)).tobytes() == scene.tobytes()


def test_a_profile_for_another_colour_space_is_ignored(scene: Image.Image) -> None:
    picture = scene.convert("L")
    picture.info["icc_profile"] = swapped_profile()
    assert close(to_srgb(picture), picture)


def test_lab_becomes_what_it_was() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    colours = Image.new("RGB", (8, 8), (200, 80, 40))
    picture = ImageCms.profileToProfile(colours, srgb, lab, outputMode="LAB")
    assert close(to_srgb(picture), colours, tolerance=4)  # type: ignore[arg-type]


def test_nothing_of_the_file_stays_attached(scene: Image.Image) -> None:
    buffer = io.BytesIO()
    scene.save(buffer, "WEBP", icc_profile=swapped_profile(), exif=Image.Exif())
    shown = to_srgb(Image.open(buffer))
    assert type(shown) is Image.Image
    assert shown.info == {}


def gamma_chunk(gamma: float) -> PngImagePlugin.PngInfo:
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", round(gamma * 100_000).to_bytes(4))
    return chunks


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "LA", "RGBA"])
@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_a_png_is_shown_by_its_gamma(
    save: Callable[..., Path], scene: Image.Image, mode: str, gamma: float
) -> None:
    wanted = scene.convert("L").convert(mode)
    levels = [round(255 * (level / 255) ** (2.2 * gamma)) for level in range(256)]
    stored = scene.convert("L").point(levels).convert(mode)
    assert close(load(save(stored, "a.png", pnginfo=gamma_chunk(gamma))), wanted, tolerance=14)


def test_transparency_stays_as_it_is_where_gamma_counts(save: Callable[..., Path]) -> None:
    half = Image.new("RGBA", (9, 9), (0, 0, 0, 128))
    assert load(save(half, "a.png", pnginfo=gamma_chunk(1.0))).getpixel((4, 4)) == (127, 127, 127)


def test_gamma_does_not_count_beside_a_profile_or_where_it_is_senseless(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert close(load(save(scene, "a.png", pnginfo=gamma_chunk(1.0), icc_profile=profile)), scene)
    assert close(load(save(scene, "b.png", pnginfo=gamma_chunk(0.0))), scene)
    is_srgb = gamma_chunk(1.0)
    is_srgb.add(b"sRGB", b"\0")
    assert close(load(save(scene, "c.png", pnginfo=is_srgb)), scene)


def test_gamma_counts_in_a_png_that_was_repaired(save: Callable[..., Path]) -> None:
    path = save(Image.new("L", (9, 9), 55), "a.png", pnginfo=gamma_chunk(1.0))
    content = bytearray(path.read_bytes())
    content[content.index(b"IEND") + 4] ^= 255
    damaged = bytes(content).replace(b"IEND", b"tEXt\0\0\0\0\0\0\0\0IEND", 1)
    path.write_bytes(damaged.replace(b"\0\0\0\0tEXt", b"\0\0\0\x04tEXt", 1))
    assert load(path).getpixel((4, 4)) == (127, 127, 127)
