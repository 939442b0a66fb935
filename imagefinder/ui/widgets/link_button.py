"""Button that looks like a link."""

import math

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

_MARGIN = 2
"""Space on the left and right of the text for the focus frame, in points."""


class LinkButton(QAbstractButton):
    """Button that looks like a link.

    Screen readers do not reach a link in the rich text of a label, and it keeps the colour that it was
    created with. This button is read by screen readers, can be reached by Tab, and follows the theme.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._address = ""
        self.setText(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self._open)

    def set_address(self, address: str) -> None:
        """Set the address to open in the web browser on a click. With an empty address, none is opened."""
        self._address = address
        self.setToolTip(address)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self.font())
        # One more point, because a rounding error would elide the text.
        width = math.ceil(metrics.horizontalAdvance(self.text())) + 1
        return QSize(width + 2 * _MARGIN, math.ceil(metrics.height()) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Buttons react to Space only, but users expect Enter to open a link.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        palette, area = self.palette(), self.rect()
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1))
            painter.drawRoundedRect(area.adjusted(0, 0, -1, -1), 4, 4)
        font = self.font()
        font.setUnderline(True)
        painter.setFont(font)
        painter.setPen(palette.color(QPalette.ColorRole.Link))
        inside = area.adjusted(_MARGIN, 0, -_MARGIN, 0)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, inside.width())
        painter.drawText(inside, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _open(self) -> None:
        if self._address:
            QDesktopServices.openUrl(QUrl(self._address))
