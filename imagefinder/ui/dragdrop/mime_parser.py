"""Parsing of MIME data from drag and drop or the clipboard: local files, picture data, or links to a picture.

Programs provide different formats:

- File managers provide ``text/uri-list``, and GNOME's also ``x-special/gnome-copied-files`` on the clipboard.
- Firefox has the picture's address in ``application/x-moz-file-promise-url`` or in the ``<img>`` of
  ``text/html``. Its ``text/x-moz-url`` may be the page that the picture links to.
- Chromium, Edge and Safari provide an http address in ``text/uri-list`` along with ``text/html``.
- Most programs also provide the picture itself as ``image/png``.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage

from imagefinder.addresses import data_of
from imagefinder.domain.image_signatures import FORMATS, HEAD_BYTES, picture_extension
from imagefinder.ui.dragdrop.disk_look import told_apart

# PNG first, because most programs provide it, complete and lossless.
_IMAGE_FORMATS = ("image/png", *(each.mime for each in FORMATS if each.mime not in ("", "image/png")))
_PROMISE = "application/x-moz-file-promise-url"
_MOZ_URL = "text/x-moz-url"
_GNOME = "x-special/gnome-copied-files"
_IMAGE_TAG = re.compile(r"<img\b", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*", re.IGNORECASE)
_VALUE = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s>]+)")


@dataclass(frozen=True)
class Dropped:
    """Content of a drop or of the clipboard, in one form only: local files, else picture data, else links."""

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    image: QImage | None = None
    """A picture given as pixels rather than in a file format."""
    data: bytes = b""
    """Content of a picture file."""
    links: list[QUrl] = field(default_factory=list)
    """Possible addresses of one picture, the most likely first."""
    missing: tuple[Path, ...] = ()
    """Paths that do not exist, if others do."""
    is_pasted: bool = False
    """Whether the content is from the clipboard."""

    def __bool__(self) -> bool:
        return bool(self.files or self.folders or self.image is not None or self.data or self.links)


def may_hold_pictures(mime: QMimeData) -> bool:
    """Return whether ``read_mime`` might find something.

    Neither the disk nor picture data is read, so this is fast enough to be called during a drag.
    """
    if mime.hasUrls() or mime.hasImage() or any(mime.hasFormat(name) for name in (*_IMAGE_FORMATS, _GNOME)):
        return True
    if mime.hasFormat(_PROMISE) or mime.hasFormat(_MOZ_URL):
        return True
    if mime.hasHtml() and _image_in(mime.html()):
        return True
    return bool(_paths_in_text(mime.text())) if mime.hasText() else False


def local_paths(mime: QMimeData) -> list[Path]:
    """Return the local paths in MIME data, without duplicates. They need not exist."""
    return list(dict.fromkeys(local_path(url) for url in mime.urls() if url.isLocalFile()))


def read_mime(mime: QMimeData) -> Dropped:
    """Return the files, folders, picture or links in MIME data.

    The disk is accessed to distinguish files from folders. Nothing is downloaded.
    """
    local = [local_path(url) for url in _urls(mime) if url.isLocalFile()]
    if not local and mime.hasText() and not mime.hasHtml():
        local = _paths_in_text(mime.text())
    local = list(dict.fromkeys(local))
    files, folders = told_apart(local)
    if files or folders:
        missing = set(local).difference(files, folders)
        return Dropped(tuple(files), tuple(folders), missing=tuple(path for path in local if path in missing))
    sources = _image_sources(mime)
    data = next((bytes(mime.data(name).data()) for name in _IMAGE_FORMATS if mime.hasFormat(name)), b"")
    data = data or next((found for found in map(_data_of, sources) if found), b"")
    if data:
        return Dropped(data=data)
    if mime.hasImage():
        image = mime.imageData()
        if isinstance(image, QImage) and not image.isNull():
            return Dropped(image=image)
    return Dropped(links=_links([*sources, *(url.toString() for url in _urls(mime))]))


def _urls(mime: QMimeData) -> Sequence[QUrl]:
    if mime.hasFormat(_GNOME):
        # The first line is "cut" or "copy".
        lines = bytes(mime.data(_GNOME).data()).split(b"\n")[1:]
        return [QUrl.fromEncoded(line.strip()) for line in lines if line.strip()]
    return mime.urls()


def local_path(url: QUrl) -> Path:
    """Return the path of a ``file:`` URL."""
    if os.name == "posix" and not url.host():
        # File names are bytes here, and toLocalFile would lose those that are not UTF-8.
        encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
        return Path(os.fsdecode(unquote_to_bytes(encoded)))
    return Path(url.toLocalFile())


def _image_sources(mime: QMimeData) -> list[str]:
    """Return possible addresses of the picture, the most reliable first. Pages that contain it come last."""
    found = [_utf16(bytes(mime.data(_PROMISE).data()))] if mime.hasFormat(_PROMISE) else []
    if mime.hasHtml():
        found += [source] if (source := _image_in(mime.html())) else []
    if mime.hasFormat(_MOZ_URL):
        # Addresses and titles on alternate lines.
        found += _utf16(bytes(mime.data(_MOZ_URL).data())).split("\n")[:1]
    if mime.hasText() and not found and not mime.hasUrls():
        found.append(mime.text())
    return [source.strip("\0\r\n ") for source in found]


def _image_in(html: str) -> str:
    """Return the address in the first ``<img>`` tag that has one, or an empty string.

    The text is scanned tag by tag, because a single regular expression could take minutes on a malicious
    page.
    """
    at = 0
    while tag := _IMAGE_TAG.search(html, at):
        end = html.find(">", tag.end())
        at = end if end >= 0 else len(html)
        source = _SOURCE.search(html, tag.end(), at)
        if source and (value := _VALUE.match(html, source.end())):
            return unescape(next(filter(None, value.groups()), ""))
    return ""


def _utf16(data: bytes) -> str:
    # Firefox writes UTF-16 without a byte order mark on all platforms, and some of its forks write UTF-8.
    encoding = "utf-16-le" if b"\0" in data else "utf-8"
    return data.decode(encoding, "replace").strip("\0").partition("\0")[0]


def _data_of(source: str) -> bytes:
    """Return the picture in a ``data:`` address; empty if it has none or is truncated."""
    try:
        data = data_of(source)
    except ValueError:
        return b""
    return data if picture_extension(data[:HEAD_BYTES]) else b""


def _links(sources: Iterable[str]) -> list[QUrl]:
    urls = [QUrl("https:" + source if source.startswith("//") else source) for source in sources]
    good = [url for url in urls if url.isValid() and url.scheme().lower() in ("http", "https") and url.host()]
    return list({url.toString(): url for url in good}.values())


def _paths_in_text(text: str) -> list[Path]:
    """Return the absolute paths in a text, one per line, perhaps quoted. Empty if any line is not a path."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(text) > 1_000_000:
        return []
    paths = [_path_of(line) for line in lines]
    return [path for path in paths if path is not None] if None not in paths else []


def _path_of(line: str) -> Path | None:
    if len(line) > 1 and line[0] == line[-1] and line[0] in "\"'":
        line = line[1:-1]
    if line.lower().startswith("file:"):
        url = QUrl(line)
        return local_path(url) if url.isLocalFile() else None
    if line.startswith("~/"):
        return Path(line).expanduser()
    path = Path(line)
    return path if path.is_absolute() else None
