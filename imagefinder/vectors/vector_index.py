"""The vector index interface: which stored vectors are nearest to a query."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from imagefinder.domain.array_types import FloatArray as FloatArray
from imagefinder.domain.array_types import IdArray as IdArray


class VectorIndex(ABC):
    """Unit vectors under integer ids, searched by cosine. Not thread-safe: the owner locks round every call."""

    kind: ClassVar[str]
    dimension: int

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        """``folder`` is for files that an index may need while it is in use; the system's for such, where None."""
        self.dimension = dimension
        self.folder = folder

    @abstractmethod
    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        """Add vectors, shape (n, dimension), unit length. An id already present is an error.

        Raises:
            ValueError: shapes do not agree, or an id is present already or was removed earlier.
        """

    @abstractmethod
    def remove(self, ids: IdArray) -> None:
        """Forget ids. Those not present are ignored."""

    @abstractmethod
    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        """The ids of the at most ``k`` nearest vectors and their cosines, best first.

        ``query`` has shape (dimension,), unit length. With ``allowed``, only those ids count.
        """

    @abstractmethod
    def ids(self) -> IdArray:
        """The ids present, ascending."""

    @abstractmethod
    def get(self, ids: IdArray) -> FloatArray:
        """The stored vectors of ids that are present, (n, dimension), in the order asked.

        Raises:
            KeyError: an id is not present.
        """

    def __len__(self) -> int:
        return int(self.ids().size)

    @property
    def needs_rebuild(self) -> bool:
        """Whether so much was removed that an index built anew would be better."""
        return False

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write to a file of this name, whole or not at all, durable when it returns.

        Raises:
            OSError: it could not be written whole; what stood there before is untouched.
        """

    @classmethod
    @abstractmethod
    def load(cls, path: Path, dimension: int) -> Self:
        """Read what ``save`` wrote.

        Raises:
            ValueError: the file is not one that ``save`` wrote whole, or is of another dimension.
            OSError: it cannot be read.
        """
