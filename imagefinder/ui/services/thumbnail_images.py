"""Decode and scale thumbnails. Everything here may run in a thread."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QImage, QImageIOHandler, QImageReader, QPainter

from imagefinder.translation import tr

_RASTER: Final = {bytes(each.data()) for each in QImageReader.supportedImageFormats()} - {b"svg", b"svgz"}
"""What is decoded here. SVG is a program of sorts: a small file may keep a renderer busy for minutes."""
MOST_PIXELS = 300_000_000
"""Of a picture file that is decoded by the window itself; a telephone's largest has 200 million."""


class PictureProblemError(Exception):
    """A picture cannot be shown; the message is a sentence for the user."""


def read_scaled(path: Path, box: QSize) -> QImage:
    """The picture upright, fitted into ``box`` (pixels) and never enlarged.

    Raises:
        FileNotFoundError: there is no such file.
        PictureProblemError: it cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    format_name = bytes(QByteArray(reader.format()).data())
    full = reader.size()
    if format_name not in _RASTER:
        raise PictureProblemError(tr("This kind of picture cannot be shown here."))
    if full.isValid():
        if full.width() * full.height() > MOST_PIXELS:
            raise PictureProblemError(tr("The picture is too large to be shown here."))
        turned = bool(reader.transformation() & QImageIOHandler.Transformation.TransformationRotate90)
        room = box.transposed() if turned else box
        small = full.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
        if small.width() < full.width():
            reader.setScaledSize(small.expandedTo(QSize(1, 1)))
    image = reader.read()
    if image.isNull():
        raise PictureProblemError(tr("The picture is damaged or cannot be read."))
    if (
        image.width() > box.width() or image.height() > box.height()
    ):  # the reader could not tell its size before
        ratio = Qt.AspectRatioMode.KeepAspectRatio
        image = image.scaled(box, ratio, Qt.TransformationMode.SmoothTransformation)
    return image


def rounded(image: QImage, radius: float) -> QImage:
    """The picture with round corners (pixels), ready to be painted fast."""
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(image))
    painter.drawRoundedRect(QRectF(result.rect()), radius, radius)
    painter.end()
    return result
