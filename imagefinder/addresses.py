"""Parsing of the paths and addresses that users give: plain paths, ``file:`` and ``data:`` URLs.

A ``file:`` URL is a path, and a ``data:`` URL contains a picture. No address is ever fetched.
"""

import base64
import binascii
import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

from imagefinder.domain.errors import UsageError
from imagefinder.paths import absolute
from imagefinder.translation import tr

MOST_DATA_BYTES = 100_000_000
"""Maximum size in bytes of the picture in a ``data:`` URL."""
_SHOWN = 60
"""Characters of an address that messages show. A ``data:`` URL may have millions."""
# Compiled on use and cached by ``re``, because paths are rarely addresses. A scheme needs at least two letters here:
# a single one is the drive of a Windows path.
_FETCHED = r"(?is)[a-z][a-z0-9+.-]+:(//|[a-z]+://)"
_FILE = r"(?is)file:(?://(?P<host>[^/\\]*))?(?P<path>.*)"
_DRIVE = r"(?is)[/\\]?([a-z])[:|]([/\\].*|)"
_DATA = r"(?is)data:(?P<type>[^,]*),(?P<content>.*)"


def given_path(given: str | os.PathLike[str]) -> Path:
    """Return a path given by a user as an absolute path; see ``paths.absolute``.

    A ``file:`` URL is converted to its path. An existing file whose name looks like a URL takes precedence
    over the URL. A ``PathLike`` is never parsed as a URL.

    Raises:
        UsageError: The path is empty or invalid, or it is a URL of another scheme or of another computer.
    """
    if isinstance(given, str) and ":" in given and not _is_there(given):
        text = given.strip()
        if file := re.fullmatch(_FILE, text):
            return _path_of(text, file["host"] or "", file["path"])
        if re.match(_FETCHED, text) or text.lower().startswith("data:"):
            raise UsageError(
                tr("{address} is an address, and a path on this computer is needed.", address=_short(text))
            )
    return _checked(given)


def given_picture(given: str | os.PathLike[str], cache: Path) -> Path:
    """Return the path of a query picture; like ``given_path``, but ``data:`` URLs are accepted too.

    Args:
        given: A path, or a ``file:`` or ``data:`` URL.
        cache: Folder that the picture of a ``data:`` URL is written to.

    Raises:
        UsageError: As for ``given_path``; or a ``data:`` URL contains no picture, or the picture cannot be written.
    """
    if not isinstance(given, str) or ":" not in given or _is_there(given):
        return _checked(given)
    text = given.strip()
    if text.lower().startswith("data:"):
        return _kept(text, cache)
    if re.match(_FETCHED, text) and not text.lower().startswith("file:"):
        raise UsageError(
            tr(
                "Addresses are not fetched, so {address} cannot be searched by. Save the picture and give its "
                "file.",
                address=_short(text),
            )
        )
    return given_path(given)


class TooMuchDataError(ValueError):
    """A ``data:`` URL contains more than ``MOST_DATA_BYTES``."""


def data_of(address: str) -> bytes:
    """Return the content of a ``data:`` URL.

    Raises:
        ValueError: The text is not a ``data:`` URL, or its base64 is invalid.
        TooMuchDataError: The content is too large. A subclass of ValueError.
    """
    match = re.fullmatch(_DATA, address)
    if match is None:
        raise ValueError("not a data: address")
    # A byte is encoded as at most three characters.
    if len(match["content"]) > 3 * MOST_DATA_BYTES:
        raise TooMuchDataError
    data = unquote_to_bytes(match["content"])
    if match["type"].strip().lower().endswith(";base64"):
        data = _unpacked(data)
    if len(data) > MOST_DATA_BYTES:
        raise TooMuchDataError
    return data


def _unpacked(packed: bytes) -> bytes:
    # As in browsers, whitespace is ignored and padding may be missing.
    packed = b"".join(packed.split()).rstrip(b"=")
    try:
        return base64.b64decode(packed + b"=" * (-len(packed) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("broken base64") from error


def _kept(address: str, cache: Path) -> Path:
    from imagefinder.picture_cache import PictureCache

    try:
        return PictureCache(cache).keep(data_of(address))
    except TooMuchDataError as error:
        raise UsageError(
            tr(
                "{address} holds more than {size} MB. Save the picture and give its file.",
                address=_short(address),
                size=MOST_DATA_BYTES // 1_000_000,
            )
        ) from error
    except ValueError as error:
        raise UsageError(
            tr(
                "{address} holds no picture that can be read; perhaps it was cut off.",
                address=_short(address),
            )
        ) from error
    except OSError as error:
        raise UsageError(
            tr("The picture couldn't be saved: {reason}.", reason=error.strerror or error)
        ) from error


def _is_there(given: str) -> bool:
    try:
        return bool(given) and os.path.lexists(Path(given).expanduser())
    except (OSError, ValueError, RuntimeError):  # not a valid path on any system
        return False


def _path_of(address: str, host: str, encoded: str) -> Path:
    path = _decoded(encoded)
    if not os.path.lexists(path) and (end := re.search(r"[?#]", encoded)):
        # In file names, "?" and "#" are percent-encoded. Unencoded, they start a query or fragment:
        # "scan.pdf#page=3".
        path = _decoded(encoded[: end.start()])
    if os.name == "nt":
        return _windows_path(host, path)
    if host.lower() not in ("", "localhost", "127.0.0.1") and host.lower() != _own_name():
        raise UsageError(
            tr(
                "{address} is a file of another computer, “{host}”. A file of this one begins with file:///",
                address=_short(address),
                host=host,
            )
        )
    return _checked(path)


def _own_name() -> str:
    import socket  # imported late: addresses rarely name the computer

    return socket.gethostname().lower()


def _windows_path(host: str, path: str) -> Path:
    # Some programs write two slashes instead of three.
    if drive := re.fullmatch(_DRIVE, path) or re.fullmatch(_DRIVE, host + path):
        return _checked(f"{drive[1]}:{drive[2] or os.sep}")
    return _checked(f"//{host}{path}" if host and host.lower() != "localhost" else path)


def _decoded(encoded: str) -> str:
    # File names are bytes on POSIX, and need not be UTF-8.
    return os.fsdecode(unquote_to_bytes(os.fsencode(encoded)))


def _checked(given: str | os.PathLike[str]) -> Path:
    try:
        is_path = b"\0" not in os.fsencode(given)
    except UnicodeEncodeError:  # a lone surrogate
        is_path = False
    if not is_path:
        raise UsageError(tr("A path was given with a character that no file's name can have."))
    return absolute(given)


def _short(address: str) -> str:
    return address if len(address) <= _SHOWN else address[:_SHOWN] + "…"
