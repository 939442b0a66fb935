"""MIME data of files, for the clipboard and for drag and drop."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, QUrl

_GNOME_COPIED_FILES = "x-special/gnome-copied-files"


def file_url(path: Path) -> QUrl:
    """The URL of a file.

    ``QUrl.fromLocalFile`` would lose the bytes of a name that is no UTF-8; here they stay, percent-encoded.
    """
    return QUrl.fromEncoded(QByteArray(path.as_uri().encode("ascii")))


def mime_of_files(paths: Sequence[Path]) -> QMimeData:
    """The files as a list of URLs, each once (two pages of a PDF are one file)."""
    mime = QMimeData()
    mime.setUrls([file_url(path) for path in dict.fromkeys(paths)])
    return mime


def mime_of_copied_files(paths: Sequence[Path]) -> QMimeData:
    """The same for the clipboard: editors paste the paths, file managers the files."""
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
    except UnicodeEncodeError:  # the name is no text, so only its URL tells it in full
        return path.as_uri()
    return text
