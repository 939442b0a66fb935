"""Parse the paths and addresses that users give: plain paths, and ``file:`` and ``data:`` URLs.

``file:`` addresses are paths; ``data:`` addresses hold a picture themselves. No address is ever fetched.
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
"""Of the picture in a ``data:`` address."""
_SHOWN = 60
"""Characters of an address in a message: one with data may have millions."""
# Compiled where they are used, and kept by ``re``: hardly any path is an address.
# Two letters at least, or the drive of a Windows path would be one.
_FETCHED = r"(?is)[a-z][a-z0-9+.-]+:(//|[a-z]+://)"
_FILE = r"(?is)file:(?://(?P<host>[^/\\]*))?(?P<path>.*)"
_DRIVE = r"(?is)[/\\]?([a-z])[:|]([/\\].*|)"
_DATA = r"(?is)data:(?P<type>[^,]*),(?P<content>.*)"


def given_path(given: str | os.PathLike[str]) -> Path:
    """The path that was given, in full; see ``paths.absolute``. A ``file:`` address is the path it stands for.

    A file that is really called like an address goes before what the address means. A ``PathLike`` is a path.

    Raises:
        UsageError: it is empty or no path, or an address of another kind or of another computer.
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
    """As ``given_path``, for a picture to search by: one in a ``data:`` address is written to the folder ``cache``.

    Raises:
        UsageError: also where a ``data:`` address holds no picture, or it cannot be written.
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
    """A ``data:`` address holds more than ``MOST_DATA_BYTES``."""


def data_of(address: str) -> bytes:
    """What a ``data:`` address holds.

    Raises:
        ValueError: it is no such address, its base64 is broken, or (``TooMuchDataError``) it holds too much.
    """
    match = re.fullmatch(_DATA, address)
    if match is None:
        raise ValueError("not a data: address")
    # A byte takes three characters at most.
    if len(match["content"]) > 3 * MOST_DATA_BYTES:
        raise TooMuchDataError
    data = unquote_to_bytes(match["content"])
    if match["type"].strip().lower().endswith(";base64"):
        data = _unpacked(data)
    if len(data) > MOST_DATA_BYTES:
        raise TooMuchDataError
    return data


def _unpacked(packed: bytes) -> bytes:
    # As browsers do: spaces do not count, nor a missing end.
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
            tr("The picture could not be kept: {reason}.", reason=error.strerror or error)
        ) from error


def _is_there(given: str) -> bool:
    try:
        return bool(given) and os.path.lexists(Path(given).expanduser())
    except (OSError, ValueError, RuntimeError):  # no path that any disk takes
        return False


def _path_of(address: str, host: str, encoded: str) -> Path:
    path = _decoded(encoded)
    if not os.path.lexists(path) and (end := re.search(r"[?#]", encoded)):
        # In a name these two are written %3F and %23; written plainly they end it, as in "scan.pdf#page=3".
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
    import socket  # hardly any address names the computer

    return socket.gethostname().lower()


def _windows_path(host: str, path: str) -> Path:
    # Some programs write two slashes where three belong.
    if drive := re.fullmatch(_DRIVE, path) or re.fullmatch(_DRIVE, host + path):
        return _checked(f"{drive[1]}:{drive[2] or os.sep}")
    return _checked(f"//{host}{path}" if host and host.lower() != "localhost" else path)


def _decoded(encoded: str) -> str:
    # Names are bytes where they are, and need not be UTF-8.
    return os.fsdecode(unquote_to_bytes(os.fsencode(encoded)))


def _checked(given: str | os.PathLike[str]) -> Path:
    try:
        is_path = b"\0" not in os.fsencode(given)
    except UnicodeEncodeError:  # half a character
        is_path = False
    if not is_path:
        raise UsageError(tr("A path was given with a character that no file's name can have."))
    return absolute(given)


def _short(address: str) -> str:
    return address if len(address) <= _SHOWN else address[:_SHOWN] + "…"
