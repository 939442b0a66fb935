"""Decoding and scaling of thumbnails. All functions may be called in any thread."""

from pathlib import Path
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QImage, QImageIOHandler, QImageReader, QPainter

from imagefinder.translation import tr

_RASTER: Final = {bytes(each.data()) for each in QImageReader.supportedImageFormats()} - {b"svg", b"svgz"}
"""Formats decoded in the window's process. SVG is not, as even a small file can take minutes to render."""
MOST_PIXELS = 300_000_000
"""Largest picture that the window itself decodes. Phones take pictures of up to 200 million pixels."""


class PictureProblemError(Exception):
    """A picture cannot be shown. The message is a sentence for the user."""


def read_scaled(path: Path, box: QSize) -> QImage:
    """Read a picture, apply its EXIF orientation, and scale it to fit into ``box`` (pixels).

    Smaller pictures are not enlarged.

    Raises:
        FileNotFoundError: The file does not exist.
        PictureProblemError: The file cannot be read, is too large, or its format is not supported here.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    reader = QImageReader(str(path))
    reader.setDecideFormatFromContent(True)
    reader.setAutoTransform(True)
    format_name = bytes(QByteArray(reader.format()).data())
    full = reader.size()
    if format_name not in _RASTER:
        raise PictureProblemError(tr("This type of picture can't be shown here."))
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
        raise PictureProblemError(tr("The picture is damaged or can't be read."))
    if (
        image.width() > box.width() or image.height() > box.height()
    ):  # the reader did not know the size in advance
        ratio = Qt.AspectRatioMode.KeepAspectRatio
        image = image.scaled(box, ratio, Qt.TransformationMode.SmoothTransformation)
    return image


def rounded(image: QImage, radius: float) -> QImage:
    """Return the picture with rounded corners (radius in pixels), in a format that is fast to paint."""
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(image))
    painter.drawRoundedRect(QRectF(result.rect()), radius, radius)
    painter.end()
    return result
