"""Telling a picture from anything else by its first bytes, whatever a server or a browser calls it."""

import re

_MAGIC = tuple(
    (extension, re.compile(pattern, re.DOTALL))
    for extension, pattern in (
        ("jpg", rb"\xff\xd8\xff"),
        ("png", rb"\x89PNG\r\n\x1a\n"),
        ("webp", rb"RIFF....WEBP"),
        ("gif", rb"GIF8[79]a"),
        ("avif", rb"....ftyp(avif|avis|mif1|msf1)"),
        ("heic", rb"....ftyp(hei[cmsx]|hev[cmsx])"),
        ("tif", rb"II\*\0|MM\0\*"),
        ("bmp", rb"BM.{4}\0\0\0\0"),
        ("jp2", rb"\0\0\0\x0cjP  \r\n\x87\n"),
        ("ico", rb"\x00\x00\x01\x00"),
    )
)


def picture_extension(data: bytes) -> str:
    """The extension that suits a picture's bytes, without the dot; empty where they are no picture."""
    return next((extension for extension, magic in _MAGIC if magic.match(data)), "")
