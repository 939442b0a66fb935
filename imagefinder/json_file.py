"""Small JSON files of the program: tolerant reading, atomic writing."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imagefinder.private_files import file_mode_of, replace_file

_LOG = logging.getLogger(__name__)


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file, or an empty dict if the file is missing or damaged. Damage is logged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _LOG.warning("%s cannot be read: %s", path, error)
        return {}
    if not isinstance(found, dict):
        _LOG.warning("%s does not contain a JSON object", path)
        return {}
    return found


def replace_object(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object atomically. A new file is created private.

    Raises:
        OSError: The file cannot be written. The old file is unchanged.
    """
    # Written in ASCII, because undecodable bytes in file names (lone surrogates) cannot be encoded as UTF-8.
    content = (json.dumps(values, indent=2) + "\n").encode("ascii")
    replace_file(path, content, file_mode_of(path))
