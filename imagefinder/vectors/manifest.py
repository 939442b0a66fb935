"""Manifest of a checkpoint: a small JSON file that names the index file."""

import json
import zlib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from imagefinder.vectors.atomic_write import replacing

FORMAT = 1
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Properties of one checkpoint of a vector index."""

    kind: str
    embedder_id: str
    dimension: int
    count: int
    """Number of vectors present."""
    last_id: int
    """Highest id present; 0 if there is none."""
    revision: int
    """Stamp of the database state at the time of the checkpoint, given by the caller."""
    file: str
    """Name of the index file in the same folder."""
    size: int
    """Length of the index file in bytes."""
    crc32: int
    """CRC-32 of the index file."""
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Return the manifest in a folder.

        Raises:
            FileNotFoundError: there is none.
            OSError: it cannot be read.
            ValueError: it is damaged, or has another format.
        """
        try:
            document = json.loads((folder / MANIFEST_NAME).read_bytes())
            facts = document["manifest"]
            sound = document["crc32"] == _crc32_of(facts)
            manifest = cls(**facts) if sound and facts["format"] == FORMAT else None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"{MANIFEST_NAME} is damaged: {error}") from error
        if manifest is None or not manifest._well_typed():
            raise ValueError(f"{MANIFEST_NAME} is damaged or of another format")
        return manifest

    def write(self, folder: Path) -> None:
        """Replace the manifest in a folder atomically.

        Raises:
            OSError: it could not be written.
        """
        facts = asdict(self)
        document = {"manifest": facts, "crc32": _crc32_of(facts)}
        with replacing(folder / MANIFEST_NAME) as temporary:
            temporary.write_text(json.dumps(document, indent=1), encoding="ascii")

    def _well_typed(self) -> bool:
        values = ((field.type, getattr(self, field.name)) for field in fields(self))
        return all(type(value) is kind for kind, value in values) and Path(self.file).name == self.file


def _crc32_of(facts: Any) -> int:
    return zlib.crc32(json.dumps(facts, sort_keys=True).encode("ascii"))
