"""Parse MIME data of a drag, a drop or the clipboard: local files, picture data, or a picture's address.

Every program says it in its own way. File managers give ``text/uri-list`` (and GNOME's
``x-special/gnome-copied-files`` on the clipboard); Firefox the picture's address in
``application/x-moz-file-promise-url`` or in the ``<img>`` of ``text/html``, where ``text/x-moz-url`` may be the page
that the picture links to; Chromium, Edge and Safari an http address in ``text/uri-list`` beside ``text/html``; and
most add the picture itself as ``image/png``.
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

# PNG first: most programs offer it beside what they have, whole and lossless.
_IMAGE_FORMATS = ("image/png", *(each.mime for each in FORMATS if each.mime not in ("", "image/png")))
_PROMISE = "application/x-moz-file-promise-url"
_MOZ_URL = "text/x-moz-url"
_GNOME = "x-special/gnome-copied-files"
_IMAGE_TAG = re.compile(r"<img\b", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*", re.IGNORECASE)
_VALUE = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s>]+)")


@dataclass(frozen=True)
class Dropped:
    """What was brought, in one of its forms only: local files before picture data before an address."""

    files: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    image: QImage | None = None
    """A picture that came without the bytes of a file."""
    data: bytes = b""
    """The bytes of a picture file."""
    links: list[QUrl] = field(default_factory=list)
    """Addresses of the same picture, the likeliest first."""
    missing: tuple[Path, ...] = ()
    """Files that were brought with others, and are not there."""
    is_pasted: bool = False
    """Whether it came from the clipboard."""

    def __bool__(self) -> bool:
        return bool(self.files or self.folders or self.image is not None or self.data or self.links)


def may_hold_pictures(mime: QMimeData) -> bool:
    """Whether ``read_mime`` may find something, told without reading data or disk: for while a drag passes over."""
    if mime.hasUrls() or mime.hasImage() or any(mime.hasFormat(name) for name in (*_IMAGE_FORMATS, _GNOME)):
        return True
    if mime.hasFormat(_PROMISE) or mime.hasFormat(_MOZ_URL):
        return True
    if mime.hasHtml() and _image_in(mime.html()):
        return True
    return bool(_paths_in_text(mime.text())) if mime.hasText() else False


def local_paths(mime: QMimeData) -> list[Path]:
    """The files and folders of this machine in what is dragged, each once, whether they are there or not."""
    return list(dict.fromkeys(local_path(url) for url in mime.urls() if url.isLocalFile()))


def read_mime(mime: QMimeData) -> Dropped:
    """What there is in it to search by. Looks at the disk to tell files from folders; fetches nothing."""
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
        # The first line says whether they were cut or copied.
        lines = bytes(mime.data(_GNOME).data()).split(b"\n")[1:]
        return [QUrl.fromEncoded(line.strip()) for line in lines if line.strip()]
    return mime.urls()


def local_path(url: QUrl) -> Path:
    """The path of a ``file:`` URL."""
    if os.name == "posix" and not url.host():
        # Names are bytes there, and toLocalFile would lose what is no UTF-8.
        encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
        return Path(os.fsdecode(unquote_to_bytes(encoded)))
    return Path(url.toLocalFile())


def _image_sources(mime: QMimeData) -> list[str]:
    """Addresses of the picture itself, the surest first; pages around it only after them."""
    found = [_utf16(bytes(mime.data(_PROMISE).data()))] if mime.hasFormat(_PROMISE) else []
    if mime.hasHtml():
        found += [source] if (source := _image_in(mime.html())) else []
    if mime.hasFormat(_MOZ_URL):
        # Lines in turn: an address, its title.
        found += _utf16(bytes(mime.data(_MOZ_URL).data())).split("\n")[:1]
    if mime.hasText() and not found and not mime.hasUrls():
        found.append(mime.text())
    return [source.strip("\0\r\n ") for source in found]


def _image_in(html: str) -> str:
    """The address in the first ``<img>`` that has one; empty where none has.

    Each tag is looked through once: a page may be made so that one expression for all of it takes minutes.
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
    # Firefox writes UTF-16 without a mark on every platform; some of its forks write plain bytes.
    encoding = "utf-16-le" if b"\0" in data else "utf-8"
    return data.decode(encoding, "replace").strip("\0").partition("\0")[0]


def _data_of(source: str) -> bytes:
    """The picture in a ``data:`` address; nothing where it holds none, as one that was cut off on the way."""
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
    """Paths pasted as text, one a line, perhaps quoted; none unless every line is one."""
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
