"""LRU cache of pixmaps, bounded by bytes."""

from collections import OrderedDict

from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap


class PixmapCache:
    """Keeps, for each key, the pixmap of the size that was wanted last; forgets those used longest ago."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = 0
        self._entries: OrderedDict[str, tuple[QSize, QPixmap]] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """Memory of all pixmaps."""
        return self._held

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, box: QSize) -> tuple[QPixmap | None, bool]:
        """The pixmap of this key, and whether it was made for this box (pixels); None where there is none."""
        entry = self._entries.get(key)
        if entry is None:
            return None, False
        self._entries.move_to_end(key)
        made_for, pixmap = entry
        return pixmap, made_for == box

    def put(self, key: str, box: QSize, pixmap: QPixmap) -> None:
        """Keep a pixmap that was made for this box, in place of that of another size."""
        self.drop(key)
        self._entries[key] = box, pixmap
        self._held += _bytes(pixmap)
        # The newest stays, however large it is: it is wanted now.
        while self._held > self._most_bytes and len(self._entries) > 1:
            _, (_, oldest) = self._entries.popitem(last=False)
            self._held -= _bytes(oldest)

    def drop(self, key: str) -> None:
        """Forget one."""
        if entry := self._entries.pop(key, None):
            self._held -= _bytes(entry[1])


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
