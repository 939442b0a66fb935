"""Chip in the query bar: a picture's thumbnail, its name and a button that removes it."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QIcon,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from imagefinder.translation import tr
from imagefinder.ui.formatting import path_text, tooltip
from imagefinder.ui.query.search_state import PictureTerm
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.icons import icon

_HEIGHT = 34
_THUMBNAIL = 26
_NAME_WIDTHS = ((2, 132), (4, 84))
"""Maximum number of chips, and the width of a name (points) up to that number. With more chips, names are hidden."""
_ASKED = QSize(64, 64)
"""Size of the requested thumbnail. It is larger than the one shown, which is cropped to a square."""


class PictureChip(QFrame):
    """Chip for one picture of the query. ``term`` is None while the picture is being loaded."""

    removed = Signal()
    """The user removed the picture, by the button, a key or the middle mouse button."""
    went = Signal(int)
    """An arrow key was pressed: the focus should move to the previous (-1) or next (1) chip."""

    def __init__(self, label: str, thumbnails: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.term: PictureTerm | None = None
        self._label = label
        self._neighbours = 1
        self._progress: float | None = -1.0
        self._thumbnail = _Thumbnail(thumbnails, self)
        self._name = QLabel(self)
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        self._remove = QToolButton(self)
        self._remove.setIcon(icon("x"))
        self._remove.setIconSize(QSize(14, 14))
        self._remove.setAutoRaise(True)
        # Each chip is only one stop for the Tab key: the Delete key does the same as the button.
        self._remove.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._remove.setStyleSheet("QToolButton { padding: 2px; border-radius: 4px; }")
        self._remove.clicked.connect(self.removed)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(6)
        row.addWidget(self._thumbnail)
        row.addWidget(self._name)
        row.addWidget(self._remove)
        self.setFixedHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._describe()

    @classmethod
    def of(
        cls, term: PictureTerm, thumbnails: ThumbnailLoader, parent: QWidget | None = None
    ) -> "PictureChip":
        """Create the chip of a picture that is available."""
        chip = cls(term.label, thumbnails, parent)
        chip.set_term(term)
        return chip

    def set_term(self, term: PictureTerm) -> None:
        """Set the picture, once it is available."""
        self.term = term
        self._label = term.label
        self._progress = None
        self._thumbnail.set_term(term)
        self._describe()
        self.update()

    def set_progress(self, share: float) -> None:
        """Show which share of the picture is loaded, 0 to 1; -1 if that is unknown."""
        self._progress = share
        self._describe()
        self.update()

    def set_neighbours(self, count: int) -> None:
        """Set the number of chips in the bar, including this one, which determines the width of the name."""
        self._neighbours = count
        self._describe()

    def _describe(self) -> None:
        label = self._label
        width = next((width for most, width in _NAME_WIDTHS if self._neighbours <= most), 0)
        self._name.setText(self._name.fontMetrics().elidedText(label, Qt.TextElideMode.ElideMiddle, width))
        self._name.setVisible(width > 0)
        if self.term is None:
            self.setAccessibleName(tr("Loading picture {name}", name=label))
            self.setToolTip(tooltip(tr("Loading {name}…", name=label)))
            self._remove.setToolTip(tr("Cancel loading (Delete)"))
            self._remove.setAccessibleName(tr("Cancel loading {name}", name=label))
        else:
            self.setAccessibleName(tr("Picture {name}", name=label))
            self.setToolTip(tooltip(path_text(self.term.path) if self.term.path is not None else label))
            self._remove.setToolTip(tr("Remove from search (Delete)"))
            self._remove.setAccessibleName(tr("Remove {name}", name=label))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = -1 if key == Qt.Key.Key_Left else 1
            self.went.emit(step if self.layoutDirection() == Qt.LayoutDirection.LeftToRight else -step)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.MiddleButton:
            self.removed.emit()
        else:
            super().mousePressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        accent = colours.color(QPalette.ColorRole.Highlight)
        frame = QRectF(self.rect()).adjusted(0.75, 0.75, -0.75, -0.75)
        painter.setPen(QPen(accent, 1.5) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(colours.color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(frame, 7, 7)
        if self._progress is not None:
            # If the size is unknown, a half-filled bar shows that loading is under way.
            share = 0.5 if self._progress < 0 else min(1.0, self._progress)
            line = QRectF(frame.left() + 6, frame.bottom() - 4, (frame.width() - 12) * share, 2.5)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(accent)
            painter.drawRoundedRect(line, 1.25, 1.25)


class _Thumbnail(QWidget):
    """Thumbnail, cropped to a square in the middle of the picture."""

    def __init__(self, thumbnails: ThumbnailLoader, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._term: PictureTerm | None = None
        self.setFixedSize(_THUMBNAIL, _THUMBNAIL)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        thumbnails.ready.connect(self._on_ready)

    def set_term(self, term: PictureTerm) -> None:
        """Set the picture to show."""
        self._term = term
        self.update()

    def _on_ready(self, key: str) -> None:
        if self._term is not None and key in (self._term.key, str(self._term.path)):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(self.rect()), 5, 5)
        painter.setClipPath(shape)
        pixmap = self._pixmap()
        if pixmap is None or pixmap.isNull():
            wash = QColor(self.palette().color(QPalette.ColorRole.Mid))
            painter.fillRect(self.rect(), wash)
            self._icon().paint(painter, self.rect().adjusted(5, 5, -5, -5))
        else:
            side = min(pixmap.width(), pixmap.height())
            middle = QRect((pixmap.width() - side) // 2, (pixmap.height() - side) // 2, side, side)
            painter.drawPixmap(self.rect(), pixmap, middle)

    def _icon(self) -> QIcon:
        if self._term is None:
            return icon("globe")
        is_pdf = self._term.path is not None and self._term.path.suffix.lower() == ".pdf"
        return icon("file-text" if is_pdf else "image")

    def _pixmap(self) -> QPixmap | None:
        term = self._term
        if term is None:
            return None
        ratio = self.devicePixelRatioF()
        if term.item_id is not None and term.key:
            return self._thumbnails.icon_for_item(term.item_id, term.key, _ASKED, ratio)
        if term.path is None or term.path.suffix.lower() == ".pdf":
            return None
        return self._thumbnails.picture(term.path, _ASKED, ratio)
