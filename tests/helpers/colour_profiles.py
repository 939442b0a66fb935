"""Colour profiles whose effect is visible in the converted picture."""

from PIL import ImageCms


def swapped_profile() -> bytes:
    """Return an sRGB profile with the red and blue colorants swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)
