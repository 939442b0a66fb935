"""Header of a model's card: title, badge, summary and quality."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from imagefinder.translation import join_clauses, tr
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import ElidedLabel, demi_bold

_CHEVRON = 16
_METER = QSize(64, 6)


class ModelHeader(QAbstractButton):
    """Button that unfolds a card. It is checked while the card is unfolded."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._title = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._title.setFont(demi_bold(self._title.font()))
        self._badge = Badge(self)
        self._summary = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._summary.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._meter = Meter(self)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._title)
        top.addWidget(self._badge)
        top.addStretch(1)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addLayout(top)
        texts.addWidget(self._summary)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 8, 12 + _CHEVRON + 12, 8)
        line.setSpacing(12)
        line.addLayout(texts, 1)
        line.addWidget(self._meter, 0, Qt.AlignmentFlag.AlignVCenter)
        for each in self.findChildren(QWidget):
            each.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_model(
        self, title: str, badge: str, summary: str, *, is_strong: bool, percent: float | None
    ) -> None:
        """Show a model.

        Args:
            title: Title of the model.
            badge: Text of the badge; empty for none.
            summary: One line below the title.
            is_strong: Whether the badge has the accent colour.
            percent: Published recall@1 of searches by description (COCO), 0 to 100; None if it is unknown.
        """
        self._title.setText(title)
        self._badge.show_text(badge, is_strong=is_strong)
        self._summary.setText(summary)
        self._meter.setVisible(percent is not None)
        self._meter.show_percent(percent or 0.0)
        self.setText(title)
        self.setAccessibleName(join_clauses(filter(None, (title, badge, summary))))
        self.setToolTip(
            tr("Finds the right picture for {count} of 100 descriptions", count=round(percent))
            if percent
            else ""
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # QAbstractButton itself reacts to the space bar only.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout else QSize()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        area = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        if self.underMouse() or self.hasFocus():
            fill = QColor(palette.color(QPalette.ColorRole.AlternateBase))
            painter.setBrush(fill if self.underMouse() else Qt.BrushStyle.NoBrush)
            accent = QPen(palette.color(QPalette.ColorRole.Highlight), 1.5)
            painter.setPen(accent if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.drawRoundedRect(area, 7, 7)
        place = self.rect().adjusted(self.width() - 12 - _CHEVRON, 0, -12, 0)
        place.setHeight(_CHEVRON)
        place.moveTop((self.height() - _CHEVRON) // 2)
        icon("chevron-down" if self.isChecked() else "chevron-right").paint(painter, place)


class Badge(QLabel):
    """Short text in a rounded field. Hidden if there is no text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_strong = False
        self.setTextFormat(Qt.TextFormat.PlainText)
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.85)
        self.setFont(font)
        self.setContentsMargins(8, 2, 8, 2)

    def show_text(self, text: str, *, is_strong: bool) -> None:
        """Set the text, and whether the field has the accent colour."""
        self.setText(text)
        self._is_strong = is_strong
        role = QPalette.ColorRole.HighlightedText if is_strong else QPalette.ColorRole.Text
        self.setForegroundRole(role)
        self.setVisible(bool(text))

    def minimumSizeHint(self) -> QSize:
        # If there is too little room, the title is elided rather than the badge.
        return self.sizeHint()

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.horizontalAdvance(self.text()) + 18, metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole.Highlight if self._is_strong else QPalette.ColorRole.Midlight
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.palette().color(role))
        radius = self.height() / 2
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        super().paintEvent(event)


class Meter(QWidget):
    """Bar whose length is a published percentage, for comparing models at a glance."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._percent = 0.0
        self.setFixedSize(_METER)

    def show_percent(self, percent: float) -> None:
        """Set the percentage, 0 to 100."""
        self._percent = percent
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        painter.setBrush(self.palette().color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(whole, 3, 3)
        whole.setWidth(max(6.0, whole.width() * min(100.0, self._percent) / 100))
        painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawRoundedRect(whole, 3, 3)
