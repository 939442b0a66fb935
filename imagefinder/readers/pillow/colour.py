"""Convert any picture that Pillow decodes to 8-bit sRGB on white."""

import io
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

from imagefinder.readers.pillow.bit_depth import to_8_bit

_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MAX_PROFILE = 4 * 2**20
"""Bytes; the profiles of printing presses have up to about 3 million. Transforms are cached by their profile."""
_USUAL_GAMMA, _SAME_GAMMA = 1 / 2.2, 0.02
"""The exponent that stands in a PNG whose levels are sRGB's, and how far from it one changes nothing to be seen."""
_SAME = 2
"""Levels of 255: a profile that moves no colour of the swatch further is taken for sRGB itself."""


def to_srgb(picture: Image.Image) -> Image.Image:
    """A new RGB picture with nothing attached, from one of any mode, following its embedded ICC profile.

    A profile that is broken or does not fit the picture's mode is ignored, as every viewer does. Where a PNG has
    none, and is not said to be sRGB, its gamma counts.
    """
    profile = picture.info.get("icc_profile")
    eight_bit = to_8_bit(picture)
    gamma = picture.info.get("gamma")
    if isinstance(gamma, float) and not profile and "srgb" not in picture.info:
        eight_bit = _with_usual_gamma(eight_bit, gamma)
    flat = _to_convertible(_on_white(eight_bit))
    rgb = _converted(flat, profile if isinstance(profile, bytes) else b"") or flat.convert("RGB")
    # Whoever saves it as a thumbnail must not write the old profile or orientation into it.
    rgb.info = {}
    return rgb


def _with_usual_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """The picture with the levels of sRGB, from one whose levels are light to the power of ``gamma`` (PNG, gAMA)."""
    if gamma <= 0 or abs(gamma / _USUAL_GAMMA - 1) < _SAME_GAMMA:
        return image
    mode = "LA" if image.mode == "LA" else "L" if image.mode in ("1", "L") else "RGB"
    if mode != "LA" and image.has_transparency_data:
        mode = "RGBA"
    levels = [round(255 * (level / 255) ** (_USUAL_GAMMA / gamma)) for level in range(256)]
    colours = len(mode.removesuffix("A"))
    return image.convert(mode).point(levels * colours + list(range(256)) * (len(mode) - colours))


def _on_white(image: Image.Image) -> Image.Image:
    """The picture without transparency: what shines through is white, as on paper."""
    if image.mode not in _WITH_ALPHA and not image.has_transparency_data:
        return image
    # Pillow turns the premultiplied modes only into their plain twins.
    plain = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode]) if image.mode in ("La", "RGBa") else image
    seen = plain if plain.mode in ("LA", "RGBA") else plain.convert("RGBA")
    flat = Image.new("L" if seen.mode == "LA" else "RGB", image.size, "white")
    flat.paste(seen, mask=seen)
    return flat


def _to_convertible(image: Image.Image) -> Image.Image:
    """The picture in a mode whose colours a profile can describe: L, RGB, CMYK or LAB."""
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB by its profile; None when there is nothing to do, or it cannot be done."""
    if image.mode != "LAB" and not 0 < len(profile) <= _MAX_PROFILE:
        return None
    transform = _transform_to_srgb(b"" if image.mode == "LAB" else profile, image.mode)
    if transform is None:
        return None
    try:
        return ImageCms.applyTransform(image, transform)
    except ImageCms.PyCMSError:
        return None


@lru_cache(maxsize=32)
def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from an ICC profile (LAB needs none) to sRGB; None where it is broken or changes nothing.

    Building one takes milliseconds, and the pictures of one camera share a profile. A transform may be used
    by several threads at once: Little CMS keeps its one-pixel cache per call (``CachedXFORM`` in cmsxform.c).
    """
    try:
        source = (
            ImageCms.createProfile("LAB") if mode == "LAB" else ImageCms.getOpenProfile(io.BytesIO(profile))
        )
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, mode, "RGB", _INTENT, _FLAGS)
        if mode == "RGB" and _changes_nothing(transform):
            return None
        return transform
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform leaves 6 x 6 x 6 colours as they are. sRGB goes by many names; this is its look."""
    steps = range(0, 256, 51)
    swatch = Image.frombytes(
        "RGB", (36, 6), bytes(v for r in steps for g in steps for b in steps for v in (r, g, b))
    )
    difference = ImageChops.difference(swatch, ImageCms.applyTransform(swatch, transform) or swatch)
    return all(high <= _SAME for _, high in difference.getextrema())  # type: ignore[misc]
