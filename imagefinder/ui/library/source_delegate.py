"""Delegate that paints the rows of the source list: icon, name, status, progress and links."""

from dataclasses import dataclass, field
from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from imagefinder.ui.library.source_status import SourceState
from imagefinder.ui.library.sources_model import SourceRole
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import demi_bold

Index = QModelIndex | QPersistentModelIndex

_MARGIN = 4
_PADDING = 8
_TILE = 36
_ICON = 20
_MENU = 24
_BAR = 4
_GAP = 4


@dataclass(slots=True)
class RowLayout:
    """Positions of the parts of a row, in viewport coordinates."""

    card: QRect
    tile: QRect
    name: QRect
    menu: QRect
    lines: list[tuple[QRect, str]] = field(default_factory=list)
    bar: QRect | None = None
    action: QRect | None = None
    """The link for the source's action."""
    link: QRect | None = None
    """The link to the unreadable files."""
    height: int = 0


class SourceDelegate(QStyledItemDelegate):
    """Paints rows, and tells whether a position is on a link or on the menu button of a row."""

    def layout(self, option: QStyleOptionViewItem, index: Index) -> RowLayout:
        """Lay out a row in the width of its view."""
        view = option.widget
        width = view.viewport().width() if hasattr(view, "viewport") else option.rect.width()
        area = QRect(option.rect.x(), option.rect.y(), width, 0)
        small = QFontMetrics(_small(option.font))
        name_height = QFontMetrics(demi_bold(option.font)).height()
        left = area.x() + _MARGIN + _PADDING + _TILE + 10
        top = area.y() + _MARGIN + _PADDING
        right = area.x() + width - _MARGIN - _PADDING
        text_width = max(40, right - left)
        row = RowLayout(
            card=QRect(),
            tile=QRect(area.x() + _MARGIN + _PADDING, top, _TILE, _TILE),
            name=QRect(left, top, max(40, text_width - _MENU), name_height),
            menu=QRect(right - _MENU + 4, top - 3, _MENU, _MENU),
        )
        state = cast(SourceState, index.data(SourceRole.STATE))
        y = top + name_height + 2
        for words in _joined(state.words, small, text_width):
            needed = small.boundingRect(0, 0, text_width, 1000, Qt.TextFlag.TextWordWrap, words).height()
            row.lines.append((QRect(left, y, text_width, needed), words))
            y += needed + 1
        if text := state.action_text:
            row.action, y = _place_of_link(text, row.lines, QRect(left, y, text_width, small.height()), small)
        if state.fraction is not None:
            row.bar = QRect(left, y + _GAP, text_width, _BAR)
            y += _GAP + _BAR + 2
        if link := index.data(SourceRole.UNREADABLE_TEXT):
            row.link = QRect(left, y + 1, min(text_width, small.horizontalAdvance(link)), small.height())
            y += small.height() + 2
        bottom = max(y, top + _TILE) + _PADDING
        row.card = QRect(area.x() + _MARGIN, area.y() + 1, width - 2 * _MARGIN, bottom - area.y() - 2)
        row.height = bottom - area.y()
        return row

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        # Narrower than any view, so that rows never need horizontal scrolling.
        return QSize(80, self.layout(option, index).height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = self.layout(option, index)
        state = cast(SourceState, index.data(SourceRole.STATE))
        palette = option.palette
        flags = option.state
        hovered = bool(flags & QStyle.StateFlag.State_MouseOver)
        selected = bool(flags & QStyle.StateFlag.State_Selected)
        focused = bool(flags & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _card(painter, row.card, palette, hovered=hovered, selected=selected, focused=focused)
        _tile(
            painter,
            row.tile,
            palette,
            str(index.data(SourceRole.ICON_NAME)),
            is_dim=state.is_offline or state.is_gone,
        )

        painter.setFont(demi_bold(option.font))
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        metrics = painter.fontMetrics()
        name_area = row.name if hovered or selected else row.name.adjusted(0, 0, _MENU, 0)
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, name_area.width())
        painter.drawText(name_area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)

        painter.setFont(_small(option.font))
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        for area, words in row.lines:
            painter.drawText(area, Qt.TextFlag.TextWordWrap, words)
        if row.bar and state.fraction is not None:
            draw_progress(painter, row.bar, palette, state.fraction)
        if row.action:
            _link(painter, row.action, palette, state.action_text)
        if row.link:
            _link(painter, row.link, palette, str(index.data(SourceRole.UNREADABLE_TEXT)))
        if hovered or selected:
            icon("ellipsis").paint(painter, row.menu.adjusted(4, 4, -4, -4))
        painter.restore()

    def is_on_link(self, option: QStyleOptionViewItem, index: Index, position: QPoint) -> bool:
        """Whether a position in the viewport is on the link to the unreadable files."""
        link = self.layout(option, index).link
        return link is not None and link.contains(position)

    def is_on_action(self, option: QStyleOptionViewItem, index: Index, position: QPoint) -> bool:
        """Whether a position in the viewport is on the link for the source's action."""
        action = self.layout(option, index).action
        return action is not None and action.contains(position)

    def is_on_menu(self, option: QStyleOptionViewItem, index: Index, position: QPoint) -> bool:
        """Whether a position in the viewport is on the row's menu button."""
        return self.layout(option, index).menu.contains(position)


def draw_progress(painter: QPainter, area: QRect, palette: QPalette, fraction: float) -> None:
    """Draw a progress bar with round ends; ``fraction`` is the completed share, 0 to 1."""
    radius = area.height() / 2
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_faint(palette, 40))
    painter.drawRoundedRect(QRectF(area), radius, radius)
    done = QRectF(area)
    done.setWidth(max(area.height(), area.width() * min(1.0, fraction)))
    painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
    painter.drawRoundedRect(done, radius, radius)


def _joined(words: tuple[str, ...], metrics: QFontMetrics, width: int) -> list[str]:
    """Join phrases into lines, each with as many phrases as fit into the width."""
    lines: list[str] = []
    for each in words:
        together = f"{lines[-1]} · {each}" if lines else each
        if lines and metrics.horizontalAdvance(together) < width - _GAP:
            lines[-1] = together
        else:
            lines.append(each)
    return lines


def _place_of_link(
    text: str, lines: list[tuple[QRect, str]], next_line: QRect, metrics: QFontMetrics
) -> tuple[QRect, int]:
    """Place a link at the end of the last line if there is room, else on a line below.

    In the first case a separator is appended to the last entry of ``lines``.

    Returns:
        The link's area, and the y coordinate of the content below it.
    """
    width = metrics.horizontalAdvance(text)
    if lines:
        area, words = lines[-1]
        left = area.left() + metrics.horizontalAdvance(f"{words} · ")
        if left + width <= area.right() and area.height() <= next_line.height():
            lines[-1] = (area, f"{words} ·")
            return QRect(left, area.top(), width, area.height()), next_line.top()
    area = QRect(next_line.left(), next_line.top() + 1, min(width, next_line.width()), next_line.height())
    return area, area.bottom() + 2


def _link(painter: QPainter, area: QRect, palette: QPalette, text: str) -> None:
    painter.setPen(palette.color(QPalette.ColorRole.Link))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, area.width() + 1)
    font = painter.font()
    font.setUnderline(True)
    painter.setFont(font)
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)


def _card(
    painter: QPainter, area: QRect, palette: QPalette, *, hovered: bool, selected: bool, focused: bool
) -> None:
    if not (hovered or selected or focused):
        return
    accent = palette.color(QPalette.ColorRole.Highlight)
    fill = QColor(accent)
    fill.setAlpha(46 if selected else 0)
    painter.setBrush(_faint(palette, 14) if hovered and not selected else fill)
    painter.setPen(QPen(accent, 1) if focused else QPen(Qt.PenStyle.NoPen))
    painter.drawRoundedRect(QRectF(area).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)


def _tile(painter: QPainter, area: QRect, palette: QPalette, name: str, *, is_dim: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_faint(palette, 18))
    painter.drawRoundedRect(QRectF(area), 8, 8)
    inner = QRect(0, 0, _ICON, _ICON)
    inner.moveCenter(area.center())
    painter.setOpacity(0.6 if is_dim else 1.0)
    icon(name).paint(painter, inner)
    painter.setOpacity(1.0)


def _faint(palette: QPalette, alpha: int) -> QColor:
    colour = palette.color(QPalette.ColorRole.Text)
    colour.setAlpha(alpha)
    return colour


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.9)
    return small
