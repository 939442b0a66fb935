"""Small JSON files of the program's own: read with patience, replaced whole."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from imagefinder.private_files import file_mode_of, replace_file

_LOG = logging.getLogger(__name__)


def read_object(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is no such file or it is damaged (the log says so)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _LOG.warning("%s cannot be read: %s", path, error)
        return {}
    if not isinstance(found, dict):
        _LOG.warning("%s does not hold an object", path)
        return {}
    return found


def replace_object(path: Path, values: Mapping[str, Any]) -> None:
    """Write an object, whole or not at all; a new file is the user's alone.

    Raises:
        OSError: it cannot be written; what was there before is whole.
    """
    # ASCII: a file name that is not text has no UTF-8.
    content = (json.dumps(values, indent=2) + "\n").encode("ascii")
    replace_file(path, content, file_mode_of(path))
