"""LRU cache of pixmaps, bounded by memory."""

from collections import OrderedDict

from PySide6.QtCore import QSize
from PySide6.QtGui import QPixmap


class PixmapCache:
    """LRU cache with one pixmap for each key, of the size requested last."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._held = 0
        self._entries: OrderedDict[str, tuple[QSize, QPixmap]] = OrderedDict()

    @property
    def held_bytes(self) -> int:
        """Memory used by all pixmaps, in bytes."""
        return self._held

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str, box: QSize) -> tuple[QPixmap | None, bool]:
        """Return the pixmap for a key, or None, and whether it was made for this box (in pixels)."""
        entry = self._entries.get(key)
        if entry is None:
            return None, False
        self._entries.move_to_end(key)
        made_for, pixmap = entry
        return pixmap, made_for == box

    def put(self, key: str, box: QSize, pixmap: QPixmap) -> None:
        """Store a pixmap made for this box, replacing that of another size."""
        self.drop(key)
        self._entries[key] = box, pixmap
        self._held += _bytes(pixmap)
        # The newest pixmap is kept whatever its size, because it is about to be painted.
        while self._held > self._most_bytes and len(self._entries) > 1:
            _, (_, oldest) = self._entries.popitem(last=False)
            self._held -= _bytes(oldest)

    def drop(self, key: str) -> None:
        """Remove the pixmap for a key, if there is one."""
        if entry := self._entries.pop(key, None):
            self._held -= _bytes(entry[1])


def _bytes(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
