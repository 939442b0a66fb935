"""Kinds of file offered in the add dialog, and their extensions."""

import re
from collections.abc import Collection, Sequence
from enum import StrEnum

_PDF = "pdf"


class FileKinds(StrEnum):
    """Kinds of file that a source includes."""

    ALL = "all"
    PICTURES = "pictures"
    PDF = "pdf"
    LISTED = "listed"
    """Only the extensions that the user typed."""

    def extensions(self, known: Collection[str], listed: Sequence[str]) -> tuple[str, ...]:
        """Return the extensions for ``SourceOptions``; empty for all readable files.

        Args:
            known: All readable extensions, in lower case without the dot.
            listed: The extensions that the user typed; used for ``LISTED`` only.
        """
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
    """Return the kind that corresponds to a source's ``extensions``, given all ``known`` (readable) ones."""
    if not extensions:
        return FileKinds.ALL
    if set(extensions) == {_PDF}:
        return FileKinds.PDF
    return FileKinds.PICTURES if set(extensions) == set(known) - {_PDF} else FileKinds.LISTED


def parse_extensions(text: str) -> tuple[str, ...]:
    """Parse extensions as users type them (``.JPG, *.png heic``): lower case, in order, without duplicates."""
    words = (word.lstrip("*.").lower() for word in re.split(r"[\s,;，；、]+", text))
    return tuple(dict.fromkeys(word for word in words if word))
