"""Render the program's icon from its SVG: PNGs for Linux, .ico for Windows, .icns for macOS.

``python packaging/render_icons.py FOLDER`` writes the files; packaging/build.py calls ``render``.
"""

import os
import sys
from pathlib import Path

from PIL import Image

ICON = Path(__file__).resolve().parent.parent / "resources" / "icons" / "imagefinder.svg"
PNG_SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
_ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
_ICNS_SIZES = (16, 32, 64, 128, 256, 512, 1024)


def render(folder: Path) -> None:
    """Write ``imagefinder-SIZE.png``, ``imagefinder.ico`` and ``imagefinder.icns``, rendering each size separately."""
    folder.mkdir(parents=True, exist_ok=True)
    for size in PNG_SIZES:
        picture(size).save(folder / f"imagefinder-{size}.png")
    _save_all(folder / "imagefinder.ico", _ICO_SIZES)
    _save_all(folder / "imagefinder.icns", _ICNS_SIZES)


def picture(size: int) -> Image.Image:
    """Render the icon at ``size`` x ``size`` pixels."""
    # Rendering needs no display.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QByteArray, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(ICON.read_bytes())).render(painter)
    painter.end()
    pixels = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return Image.frombytes("RGBA", (size, size), bytes(pixels.constBits()))


def _save_all(path: Path, sizes: tuple[int, ...]) -> None:
    *smaller, largest = [picture(size) for size in sizes]
    largest.save(path, sizes=[(size, size) for size in sizes], append_images=smaller)


if __name__ == "__main__":
    render(Path(sys.argv[1]))
