"""Read untrusted files: bounded, ordinary files only, JSON without duplicate names or NaN."""

import json
import math
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.translation import tr

_SHOWN = 100
"""Characters; the longest name of a tensor in open_clip has 80."""
CONFIG_BYTES = 1_000_000
"""Bytes of a config at most. open_clip's largest has 1 KB, those of transformers on the hub have up to 30 KB."""


class MalformedError(ValueError):
    """JSON that is not accepted; the message completes "… is refused: "."""


def require_ordinary(path: Path) -> int:
    """Check that a path leads to an ordinary file, without opening it: opening a pipe may wait for ever.

    Returns:
        Its length in bytes.

    Raises:
        ModelError: it is something else, or not there.
    """
    try:
        found = path.stat()
    except FileNotFoundError as error:
        raise ModelError(tr("There is no file {path}.", path=path)) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=reason)) from error
    if stat.S_ISDIR(found.st_mode):
        raise ModelError(tr("{path} is a folder, not a file.", path=path))
    if not stat.S_ISREG(found.st_mode):
        raise ModelError(tr("{path} is not a file but a pipe, a socket or a device.", path=path))
    return found.st_size


def parse_json_object(text: bytes | str) -> dict[str, Any]:
    """Parse an object of JSON as RFC 8259 has it: no name twice in an object, no NaN, no number beyond a float's range.

    Raises:
        MalformedError: it is JSON all the same, or nested deeper than Python parses.
        ValueError: it is something else, or has a number of thousands of digits.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise MalformedError(tr("it is nested too deeply")) from error
    if not isinstance(found, dict):
        raise MalformedError(tr("it holds no object of JSON, as a config does"))
    return found


def read_json_object(path: Path, most_bytes: int = CONFIG_BYTES) -> dict[str, Any]:
    """Parse a file that holds an object of JSON.

    Raises:
        ModelError: it is no ordinary file, longer than ``most_bytes``, or holds something else.
    """
    size = require_ordinary(path)
    if size > most_bytes:
        raise ModelError(
            tr(
                "{path} is refused: it has {size} MB, and such a file has {most} MB at most.",
                path=path,
                size=f"{size / 1e6:,.0f}",
                most=f"{most_bytes / 1e6:,.0f}",
            )
        )
    try:
        with path.open("rb") as stream:
            # Files of /proc have more in them than their size says.
            content = stream.read(most_bytes)
    except OSError as error:
        raise ModelError(tr("{path} cannot be read: {reason}.", path=path, reason=error.strerror)) from error
    try:
        return parse_json_object(content)
    except MalformedError as error:
        raise ModelError(tr("{path} is refused: {what}.", path=path, what=error)) from error
    except ValueError as error:
        raise ModelError(
            tr("{path} is not a JSON file, so it cannot be a model config.", path=path)
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise MalformedError(tr("“{name}” stands in it twice", name=shown(twice)))
    return found


def _no_number(text: str) -> None:
    raise MalformedError(tr("it holds {text}, which is no number", text=text))


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedError(tr("it holds {text}, which is no number", text=shown(text)))
    return number


def shown(value: object) -> str:
    """A value for a message: short, on one line."""
    text = value if isinstance(value, str) else repr(value)[:200]
    plain = "".join(character if character.isprintable() else "?" for character in text[:_SHOWN])
    return plain + ("…" if len(text) > _SHOWN else "")
