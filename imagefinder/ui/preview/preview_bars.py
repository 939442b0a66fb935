"""Bars of the preview window: title and actions at the top, page navigation and problems at the bottom."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, tooltip
from imagefinder.ui.widgets.labels import ElidedLabel, IconLabel
from imagefinder.ui.widgets.link_button import LinkButton
from imagefinder.ui.widgets.shortcut_actions import ShortcutActions

_ICON = QSize(18, 18)


class PreviewTopBar(QWidget):
    """Bar with the position and name of the result, the zoom, and buttons for the actions."""

    def __init__(self, actions: ShortcutActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = QLabel()
        self._place.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._name = ElidedLabel()
        self._name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        font = self._name.font()
        font.setBold(True)
        self._name.setFont(font)
        self._zoom = QLabel()
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._zoom.setMinimumWidth(self.fontMetrics().horizontalAdvance("1,600 %") + 4)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(4)
        for name in ("previous", "next"):
            row.addWidget(tool_button(actions, name))
        row.addSpacing(4)
        row.addWidget(self._place)
        row.addSpacing(8)
        row.addWidget(self._name, 1)
        row.addSpacing(8)
        row.addWidget(tool_button(actions, "zoom_out"))
        row.addWidget(self._zoom)
        for name in ("zoom_in", "fit", "", "open", "reveal", "copy_picture", "similar", "", "facts"):
            if name:
                row.addWidget(tool_button(actions, name))
            else:
                row.addSpacing(12)

    def show_result(self, name: str, row: int, rows: int, *, has_more: bool) -> None:
        """Show the name and position of a result. ``row`` counts from 0; with -1, no position is shown."""
        self._name.setText(name)
        self._name.setToolTip(tooltip(name))
        total = tr("{number}+", "at least that many", number=grouped(rows)) if has_more else grouped(rows)
        place = tr("{number} of {total}", number=grouped(row + 1), total=total)
        self._place.setText(place if row >= 0 else "")

    def show_zoom(self, zoom: float) -> None:
        """Show the zoom factor as a percentage; 1 is 100 %."""
        self._zoom.setText(tr("{percent}%", percent=grouped(round(zoom * 100))))


class PageBar(QWidget):
    """Bar to turn the pages of a file that has several."""

    def __init__(self, actions: ShortcutActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = QLabel()
        self._place.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.addStretch(1)
        row.addWidget(tool_button(actions, "previous_page"))
        row.addWidget(self._place)
        row.addWidget(tool_button(actions, "next_page"))
        row.addStretch(1)

    def show_page(self, part: int, parts: int) -> None:
        """Show the current page, or hide the bar if there is only one page."""
        self.setVisible(parts > 1)
        self._place.setText(tr("Page {number} of {parts}", number=grouped(part), parts=grouped(parts)))


class ProblemLine(QWidget):
    """Line with a problem or notice, and a link to download the file if it is online only."""

    download_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        sign = IconLabel("triangle-alert", _ICON.width())
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 12, 8)
        row.addWidget(sign)
        row.addWidget(self._text, 1)
        self._download = LinkButton(tr("Download and show"), self)
        self._download.clicked.connect(self.download_wanted)
        row.addWidget(self._download)
        self.hide()

    @property
    def text(self) -> str:
        """The text shown, or an empty string."""
        return self._text.text()

    def say(self, text: str, *, can_download: bool = False) -> None:
        """Show a text, or hide the line if the text is empty."""
        self._text.setText(text)
        self._download.setVisible(can_download)
        self.setVisible(bool(text))


def tool_button(actions: ShortcutActions, name: str) -> QToolButton:
    """Create a button for an action, with an accessible name and reachable by Tab."""
    button = QToolButton()
    button.setDefaultAction(actions[name])
    button.setIconSize(_ICON)
    button.setAutoRaise(True)
    button.setAccessibleName(actions[name].text())
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
