"""Toolbar above the results: count, sort order, thumbnail size and a button for a second pane."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QActionGroup, QCursor, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QSlider, QToolButton, QWidget

from imagefinder.domain.model_names import model_title
from imagefinder.domain.queries import SORTED_TOGETHER, Group, Sort, group_title
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, short_title, tooltip
from imagefinder.ui.services.cell_sizes import CELL_SIZES, DEFAULT_CELL_SIZE
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import ElidedLabel

_STEP = 16
_ROOM_FOR_ORDER = 400
"""Toolbar width, in points, below which the sort button shows only its icon, so that the count stays readable."""


def sort_name(sort: Sort) -> str:
    """Return the name of a sort order, for display."""
    return {
        Sort.RELEVANCE: tr("Best match first"),
        Sort.DATE: tr("Newest first"),
        Sort.NAME: tr("By name"),
        Sort.SIZE: tr("Largest first"),
    }[sort]


class ResultsToolbar(QWidget):
    """Shows the number of results, and lets the user choose how they are shown."""

    sort_chosen = Signal(object)  # Sort
    cell_size_chosen = Signal(int)
    hidden_toggled = Signal(bool)
    split_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sort = Sort.RELEVANCE
        self._count = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._count.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        # The count is the first to shrink in a narrow pane.
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._sort_actions: dict[Sort, QAction] = {}
        self._sort_button = self._make_sort_button()
        self._zoom = self._make_zoom()
        self._hidden, self._view_button = self._make_view_button()
        split = self._button("columns-2", tr("New search beside this one (Ctrl+Shift+Right)"))
        split.clicked.connect(self.split_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(4)
        self._rest = QWidget(self)
        self._rest.hide()
        row.addWidget(self._count, 1)
        row.addWidget(self._rest, 1)
        for widget in (self._sort_button, self._zoom, self._view_button, split):
            row.addWidget(widget)

    @property
    def cell_size(self) -> int:
        """The chosen size of a cell, in points."""
        return self._zoom.value()

    @property
    def include_hidden(self) -> bool:
        """Whether hidden pictures are shown."""
        return self._hidden.isChecked()

    @property
    def count_text(self) -> str:
        """The text about the number of results."""
        return self._count.text()

    def set_sort(self, sort: Sort) -> None:
        """Set the sort order without emitting a signal."""
        self.sort = sort
        self._sort_actions[sort].setChecked(True)
        self._sort_button.setText(sort_name(sort))
        label = tr("Sort: {order}", order=sort_name(sort))
        self._sort_button.setAccessibleName(label)
        self._sort_button.setToolTip(label)

    def set_cell_size(self, points: int) -> None:
        """Set the size of a cell without emitting a signal."""
        self._zoom.blockSignals(True)
        self._zoom.setValue(points)
        self._zoom.blockSignals(False)

    def set_include_hidden(self, is_on: bool) -> None:
        """Set whether hidden pictures are shown, without emitting a signal."""
        self._hidden.blockSignals(True)
        self._hidden.setChecked(is_on)
        self._hidden.blockSignals(False)

    def choose_hidden(self, is_on: bool) -> None:
        """Set whether hidden pictures are shown, as the user does in the menu."""
        self._hidden.setChecked(is_on)

    def zoom(self, step: int) -> None:
        """Enlarge the cells by a number of steps (reduce them, if negative), as the user does with the slider."""
        self._zoom.setValue(self._zoom.value() + 2 * _STEP * step)

    def show_count(self, count: int, has_more: bool, model: str = "", *, has_possible: bool = False) -> None:
        """Show the number of results, their order, the model that found them, and whether possible matches follow."""
        order = sort_name(self.sort)
        if not count:
            text = ""
        elif self.sort is Sort.RELEVANCE:
            best = tr("Top {count} results, more below", count=grouped(count))
            text = best if has_more else tr("%n result(s)", "", count)
        elif has_more:
            text = tr("{order}, more below", order=order)
        else:
            # The number comes first, because the end is elided in a narrow pane.
            order = order[:1].lower() + order[1:]
            text = tr("{count} result(s), {order}", "", count, count=grouped(count), order=order)
            if count > SORTED_TOGETHER:
                text = tr("{results} (in groups of {number})", results=text, number=grouped(SORTED_TOGETHER))
        if has_possible:
            text = (
                tr("{results}, then possible matches", results=text) if text else group_title(Group.POSSIBLE)
            )
        found_by = tr("Found by {model}", "a model", model=model_title(model)) if model and text else ""
        self._count.setToolTip(tooltip("\n".join(filter(None, (text, found_by)))))
        if found_by:
            # The model comes last, because the end is elided in a narrow pane.
            text = tr("{results} · {model}", results=text, model=short_title(model))
        self._count.setText(text)

    def set_in_use(self, is_in_use: bool) -> None:
        """Show or hide all that applies to the results of a search only."""
        for widget in (self._count, self._sort_button, self._zoom, self._view_button):
            widget.setVisible(is_in_use)
        self._rest.setVisible(not is_in_use)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_roomy = self.width() >= _ROOM_FOR_ORDER
        style = Qt.ToolButtonStyle
        self._sort_button.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if is_roomy else style.ToolButtonIconOnly
        )

    def _choose_sort(self, sort: Sort) -> None:
        if sort is not self.sort:
            self.set_sort(sort)
            self.sort_chosen.emit(sort)

    def _make_sort_button(self) -> QToolButton:
        button = self._button("arrow-down-wide-narrow", tr("Sort order"))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        menu = QMenu(button)
        group = QActionGroup(menu)
        for sort in Sort:
            action = menu.addAction(sort_name(sort))
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, sort=sort: self._choose_sort(sort))
            group.addAction(action)
            self._sort_actions[sort] = action
        _give_menu(button, menu)
        button.setText(sort_name(self.sort))
        self._sort_actions[self.sort].setChecked(True)
        return button

    def _make_zoom(self) -> QSlider:
        zoom = QSlider(Qt.Orientation.Horizontal, self)
        zoom.setRange(*CELL_SIZES)
        zoom.setSingleStep(_STEP)
        zoom.setPageStep(_STEP * 4)
        zoom.setValue(DEFAULT_CELL_SIZE)
        zoom.setMinimumWidth(56)
        zoom.setMaximumWidth(112)
        zoom.setToolTip(tr("Thumbnail size (Ctrl+wheel)"))
        zoom.setAccessibleName(tr("Thumbnail size"))
        zoom.valueChanged.connect(self.cell_size_chosen)
        return zoom

    def _make_view_button(self) -> tuple[QAction, QToolButton]:
        button = self._button("ellipsis", tr("More options"))
        menu = QMenu(button)
        action = menu.addAction(tr("Show hidden pictures"))
        action.setCheckable(True)
        action.toggled.connect(self.hidden_toggled)
        _give_menu(button, menu)
        return action, button

    def _button(self, name: str, label: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setIconSize(QSize(16, 16))
        button.setAutoRaise(True)
        button.setToolTip(label)
        button.setAccessibleName(label)
        return button


def _give_menu(button: QToolButton, menu: QMenu) -> None:
    """Make a button open a menu, and correct its hover state when the menu closes."""

    def look_for_mouse() -> None:
        is_below = button.rect().contains(button.mapFromGlobal(QCursor.pos()))
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, is_below)
        button.update()

    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setMenu(menu)
    # When the menu closes, Qt considers the mouse to be over the button wherever it is, and gets no leave event.
    menu.aboutToHide.connect(lambda: QTimer.singleShot(0, button, look_for_mouse))
