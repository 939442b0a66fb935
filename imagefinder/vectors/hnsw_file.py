"""Index files of hnswlib: path encoding, validation before loading, and deleted labels."""

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
"""Header as written by ``HierarchicalNSW::saveIndex`` of hnswlib 0.8.

Its fields are offsetLevel0, max_elements, cur_element_count, size_data_per_element, label_offset, offsetData,
maxlevel, enterpoint_node, maxM, maxM0, M, mult and ef_construction. The elements follow, each with links,
vector and label, and then the links of the upper layers.
"""

_DELETE_MARK = 0x01
"""``HierarchicalNSW::DELETE_MARK``, in the third byte of an element."""

_WORKING_FOLDER = threading.Lock()
"""Lock of the working folder, which is shared by the whole process."""


def read_labels(path: Path, dimension: int) -> tuple[IdArray, NDArray[np.bool_]]:
    """Return the labels in an hnswlib file, and which of them are marked as deleted; both of shape (n,).

    hnswlib neither reports the deleted labels of a file it has loaded nor knows the file's dimension, and may
    crash on other files. So the header and the minimum length are checked here, but not every link. The
    checkpoint's CRC-32 detects flipped bits.

    Raises:
        ValueError: the file is not an hnswlib index, is truncated, or has another dimension.
        OSError: the file cannot be read.
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
    """Yield a name by which a narrow ``fstream`` of C++ can open ``path``, whose last component must be ASCII.

    On POSIX these are the bytes of the path. Windows decodes them in a code page that may lack the folder's
    letters, so there the working folder is changed during the block. That affects all threads, so the program
    uses absolute paths only.
    """
    if any_bytes or str(path).isascii():
        yield os.fsencode(path)
    else:
        with _WORKING_FOLDER, chdir(path.parent):
            yield path.name.encode("ascii")
