"""What hnswlib leaves to its caller about index files: path encoding, checks on loading, deleted entries."""

import os
import struct
import threading
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imagefinder.vectors.vector_index import IdArray

_HEADER = struct.Struct("<6QiI3QdQ")
"""hnswlib 0.8, ``HierarchicalNSW::saveIndex``: offsetLevel0, max_elements, cur_element_count,
size_data_per_element, label_offset, offsetData, maxlevel, enterpoint_node, maxM, maxM0, M, mult,
ef_construction. The elements follow: links, vector, label each; then the upper layers' links."""

_DELETE_MARK = 0x01
"""``HierarchicalNSW::DELETE_MARK``, in the third byte of an element."""

_WORKING_FOLDER = threading.Lock()
"""The working folder belongs to the whole process, so its guard does too."""


def read_labels(path: Path, dimension: int) -> tuple[IdArray, NDArray[np.bool_]]:
    """The labels in an hnswlib file, and which of them are marked as deleted; both shape (n,).

    hnswlib neither tells the deleted labels of a file it loaded nor knows the dimension it was made for, and
    may crash on a file that is not its own; so this looks first. It checks the header and the least length,
    not every link: against flipped bits the checkpoint has a CRC.

    Raises:
        ValueError: it is not such a file, is cut short, or is of another dimension.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if len(head) < _HEADER.size:
        raise ValueError(f"{path.name} is too short for an HNSW index")
    level0, room, count, size, label_at, vector_at, _, entry, _, max_m0, m, _, _ = _HEADER.unpack(head)
    # An element: a link count, max_m0 links (4 bytes each), the vector, and an 8-byte label.
    sound = level0 == 0 and m > 0 and max_m0 == 2 * m and vector_at == 4 + 4 * max_m0 and size == label_at + 8
    if not sound or count > room or (count and entry >= count):
        raise ValueError(f"{path.name} is not an HNSW index")
    if label_at - vector_at != 4 * dimension:
        raise ValueError(f"{path.name} is not of dimension {dimension}")
    if path.stat().st_size < _HEADER.size + count * (size + 4):
        raise ValueError(f"{path.name} is cut short")
    if count == 0:
        return np.empty(0, np.int64), np.empty(0, np.bool_)
    element = np.dtype(
        {"names": ["mark", "label"], "formats": ["u1", "<i8"], "offsets": [2, label_at], "itemsize": size}
    )
    elements = np.memmap(path, element, "r", offset=_HEADER.size, shape=(count,))
    return np.array(elements["label"]), (elements["mark"] & _DELETE_MARK) != 0


@contextmanager
def narrow(path: Path, any_bytes: bool = os.name == "posix") -> Iterator[bytes]:
    """A name for ``path``, whose last part must be ASCII, that C++'s narrow ``fstream`` opens.

    POSIX takes the path's own bytes, whatever they are. Windows reads them in a code page that may lack the
    folder's letters, so there the working folder is changed for the length of the block. That touches every
    thread: the program therefore works with absolute paths only.
    """
    if any_bytes or str(path).isascii():
        yield os.fsencode(path)
    else:
        with _WORKING_FOLDER, chdir(path.parent):
            yield path.name.encode("ascii")
