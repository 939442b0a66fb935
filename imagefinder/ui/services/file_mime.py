"""MIME data of files for the clipboard and for drag and drop."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QUrl

_GNOME_COPIED_FILES = "x-special/gnome-copied-files"


def file_url(path: Path) -> QUrl:
    """Return the URL of a file.

    Bytes of its name that are not valid UTF-8 are percent-encoded. ``QUrl.fromLocalFile`` would lose them.
    """
    return QUrl.fromEncoded(QByteArray(path.as_uri().encode("ascii")))


def mime_of_files(paths: Sequence[Path]) -> QMimeData:
    """Return MIME data with the files' URLs, without duplicates (two pages of a PDF are one file)."""
    mime = QMimeData()
    mime.setUrls([file_url(path) for path in dict.fromkeys(paths)])
    return mime


def mime_of_copied_files(paths: Sequence[Path]) -> QMimeData:
    """Return MIME data for the clipboard: editors paste the paths, file managers the files."""
    mime = mime_of_files(paths)
    unique = list(dict.fromkeys(paths))
    mime.setText("\n".join(_pasted(path) for path in unique))
    uris = "\n".join(["copy", *(path.as_uri() for path in unique)])
    mime.setData(_GNOME_COPIED_FILES, QByteArray(uris.encode("ascii")))
    return mime


def _pasted(path: Path) -> str:
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # the name is not valid UTF-8, and only its URL is lossless
        return path.as_uri()
    return text
