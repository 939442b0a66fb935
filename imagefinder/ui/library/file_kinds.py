"""Kinds of files that a user chooses from, and the extensions of each."""

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

_PDF = "pdf"


class FileKinds(StrEnum):
    """What of a folder is wanted."""

    ALL = "all"
    PICTURES = "pictures"
    PDF = "pdf"
    LISTED = "listed"
    """The extensions that the user wrote down."""

    def extensions(self, known: Collection[str], listed: Sequence[str]) -> tuple[str, ...]:
        """As ``SourceOptions`` takes them; empty for every one that can be read."""
        match self:
            case FileKinds.ALL:
                return ()
            case FileKinds.PICTURES:
                return tuple(sorted(set(known) - {_PDF}))
            case FileKinds.PDF:
                return (_PDF,)
            case _:
                return tuple(listed)


def kinds_of(extensions: Collection[str], known: Collection[str]) -> FileKinds:
    """The kinds that these extensions stand for."""
    if not extensions:
        return FileKinds.ALL
    if set(extensions) == {_PDF}:
        return FileKinds.PDF
    return FileKinds.PICTURES if set(extensions) == set(known) - {_PDF} else FileKinds.LISTED


def parse_extensions(text: str) -> tuple[str, ...]:
    """Extensions as people write them (``.JPG, *.png heic``), each once, in their order."""
    words = (word.lstrip("*.").lower() for word in re.split(r"[\s,;，；、]+", text))
    return tuple(dict.fromkeys(word for word in words if word))
