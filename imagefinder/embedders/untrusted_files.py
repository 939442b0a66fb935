"""Reading of untrusted files: bounded size, regular files only, strict JSON."""

import json
import math
import stat
from collections import Counter
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.translation import tr

_SHOWN = 100
"""Maximum length of values in messages. The longest tensor name in open_clip has 80 characters."""
CONFIG_BYTES = 1_000_000
"""Maximum size of a config in bytes. open_clip's largest has 1 KB; transformers configs on the hub have up to
30 KB."""


class MalformedError(ValueError):
    """JSON that is not accepted. The message completes "... is refused: "."""


def require_ordinary(path: Path) -> int:
    """Check that a path is a regular file, without opening it: opening a pipe could block forever.

    Returns:
        The size of the file in bytes.

    Raises:
        ModelError: It is not a regular file, or does not exist.
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
    """Parse a JSON object strictly (RFC 8259): no duplicate names, no NaN, no number outside the range of floats.

    Raises:
        MalformedError: The JSON violates these rules, is not an object, or is nested too deeply for Python.
        ValueError: The text is not JSON, or contains a number of thousands of digits.
    """
    try:
        found = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise MalformedError(tr("it is nested too deeply")) from error
    if not isinstance(found, dict):
        raise MalformedError(tr("it holds no object of JSON, as a config does"))
    return found


def read_json_object(path: Path, most_bytes: int = CONFIG_BYTES) -> dict[str, Any]:
    """Read a file that contains a JSON object; see ``parse_json_object``.

    Raises:
        ModelError: It is not a regular file, is longer than ``most_bytes``, or contains something else.
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
            # Files in /proc contain more than their size says.
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
    """Return a value as short text on one line, for messages."""
    text = value if isinstance(value, str) else repr(value)[:200]
    plain = "".join(character if character.isprintable() else "?" for character in text[:_SHOWN])
    return plain + ("…" if len(text) > _SHOWN else "")
