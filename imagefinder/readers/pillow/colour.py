"""Conversion of any picture that Pillow decodes to 8-bit sRGB on a white background."""

import io
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

from imagefinder.readers.pillow.bit_depth import to_8_bit

_WITH_ALPHA = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION
_MAX_PROFILE = 4 * 2**20
"""Largest ICC profile used, in bytes. Profiles of printing presses have up to about 3 million. Transforms are cached
by profile."""
_USUAL_GAMMA, _SAME_GAMMA = 1 / 2.2, 0.02
"""The gamma in a PNG with sRGB levels, and the relative difference from it that is not visible."""
_SAME = 2
"""Levels (of 255). A profile that shifts no colour of the swatch by more is treated as sRGB."""


def to_srgb(picture: Image.Image) -> Image.Image:
    """Convert a picture of any mode to RGB by its embedded ICC profile. The result carries no metadata.

    A profile that is broken or does not fit the picture's mode is ignored, as in every viewer. The gamma of a PNG is
    applied if it has neither a profile nor an sRGB chunk.
    """
    profile = picture.info.get("icc_profile")
    eight_bit = to_8_bit(picture)
    gamma = picture.info.get("gamma")
    if isinstance(gamma, float) and not profile and "srgb" not in picture.info:
        eight_bit = _with_usual_gamma(eight_bit, gamma)
    flat = _to_convertible(_on_white(eight_bit))
    rgb = _converted(flat, profile if isinstance(profile, bytes) else b"") or flat.convert("RGB")
    # Otherwise a thumbnail saved from it would contain the old profile or orientation.
    rgb.info = {}
    return rgb


def _with_usual_gamma(image: Image.Image, gamma: float) -> Image.Image:
    """Convert levels that are light to the power of ``gamma`` (PNG, gAMA) to those of sRGB."""
    if gamma <= 0 or abs(gamma / _USUAL_GAMMA - 1) < _SAME_GAMMA:
        return image
    mode = "LA" if image.mode == "LA" else "L" if image.mode in ("1", "L") else "RGB"
    if mode != "LA" and image.has_transparency_data:
        mode = "RGBA"
    levels = [round(255 * (level / 255) ** (_USUAL_GAMMA / gamma)) for level in range(256)]
    colours = len(mode.removesuffix("A"))
    return image.convert(mode).point(levels * colours + list(range(256)) * (len(mode) - colours))


def _on_white(image: Image.Image) -> Image.Image:
    """Composite a picture with transparency on white."""
    if image.mode not in _WITH_ALPHA and not image.has_transparency_data:
        return image
    # Pillow converts the premultiplied modes only to their plain counterparts.
    plain = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode]) if image.mode in ("La", "RGBa") else image
    seen = plain if plain.mode in ("LA", "RGBA") else plain.convert("RGBA")
    flat = Image.new("L" if seen.mode == "LA" else "RGB", image.size, "white")
    flat.paste(seen, mask=seen)
    return flat


def _to_convertible(image: Image.Image) -> Image.Image:
    """Convert a picture to a mode that an ICC profile can describe: L, RGB, CMYK or LAB."""
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB", "CMYK", "LAB") else image.convert("RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert a picture to sRGB by its profile; return None if that changes nothing or is not possible."""
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
    """Build the transform from an ICC profile (LAB needs none) to sRGB.

    Returns None if the profile is broken or the transform changes nothing. Building one takes milliseconds, and the
    pictures of one camera share a profile. A transform may be used by several threads at once, because Little CMS
    keeps its one-pixel cache per call (``CachedXFORM`` in cmsxform.c).
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
    """Whether a transform leaves a swatch of 6 x 6 x 6 colours unchanged.

    sRGB profiles have many names, so they are recognised by their effect.
    """
    steps = range(0, 256, 51)
    swatch = Image.frombytes(
        "RGB", (36, 6), bytes(v for r in steps for g in steps for b in steps for v in (r, g, b))
    )
    difference = ImageChops.difference(swatch, ImageCms.applyTransform(swatch, transform) or swatch)
    return all(high <= _SAME for _, high in difference.getextrema())  # type: ignore[misc]
