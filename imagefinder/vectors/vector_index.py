"""Interface of vector indexes, which find the stored vectors nearest to a query."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from imagefinder.domain.array_types import FloatArray as FloatArray
from imagefinder.domain.array_types import IdArray as IdArray


class VectorIndex(ABC):
    """Unit vectors with integer ids, searched by cosine. Not thread-safe: the owner must lock every call."""

    kind: ClassVar[str]
    dimension: int

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        """Create an empty index.

        Args:
            dimension: length of the vectors.
            folder: folder for files that an index may need while in use; None for the system's temporary
                folder.
        """
        self.dimension = dimension
        self.folder = folder

    @abstractmethod
    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        """Add unit vectors, (n, dimension).

        Raises:
            ValueError: shapes do not agree, or an id is present or was removed earlier.
        """

    @abstractmethod
    def remove(self, ids: IdArray) -> None:
        """Remove ids. Those not present are ignored."""

    @abstractmethod
    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        """Return the ids of at most ``k`` nearest vectors and their cosines, best first.

        Args:
            query: the query's vector, (dimension,), unit length.
            k: maximum number of results.
            allowed: ids to which the search is restricted; None for all.
        """

    @abstractmethod
    def ids(self) -> IdArray:
        """Return the ids present, ascending."""

    @abstractmethod
    def get(self, ids: IdArray) -> FloatArray:
        """Return the stored vectors of ids that are present, (n, dimension), in the order of ``ids``.

        Raises:
            KeyError: an id is not present.
        """

    def __len__(self) -> int:
        return int(self.ids().size)

    @property
    def needs_rebuild(self) -> bool:
        """Whether so many vectors were removed that rebuilding the index would be better."""
        return False

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write the index to this file, atomically and durably.

        Raises:
            OSError: it could not be written; an existing file is intact.
        """

    @classmethod
    @abstractmethod
    def load(cls, path: Path, dimension: int) -> Self:
        """Read an index written by ``save``.

        Raises:
            ValueError: the file was not written completely by ``save``, or has another dimension.
            OSError: the file cannot be read.
        """
