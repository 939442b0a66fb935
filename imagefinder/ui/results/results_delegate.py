"""Delegate that paints a result: thumbnail, badges, name, and relevance or sort key."""

from dataclasses import dataclass

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QHelpEvent, QIcon, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QToolTip

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Group, Hit, Sort
from imagefinder.ui import formatting
from imagefinder.ui.formatting import grouped, short_name, tooltip
from imagefinder.ui.results.results_model import HitRole
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.icons import icon

Index = QModelIndex | QPersistentModelIndex
_Role = QPalette.ColorRole

GAP = 8
"""Distance between two cards, in points."""
_PADDING = 8
_CARD_CORNER = 8.0
_TILE_CORNER = 5.0
_SHAPE = 0.8
"""Height of the thumbnail's area divided by its width: between the 3:4 of cameras and a square."""
_MARGIN = 6
_FAINT = 0.35


@dataclass(frozen=True, slots=True)
class Layout:
    """Rectangles of the parts of a card, in the coordinates of its grid cell (points)."""

    card: QRect
    picture: QRect
    name: QRect
    fact: QRect


class ResultsDelegate(QStyledItemDelegate):
    """Paints results as cards that fill the grid cells."""

    def __init__(self, thumbnails: ThumbnailLoader, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self.sort = Sort.RELEVANCE
        """Sort order of the results. It determines what is shown below a name."""

    def grid_height(self, width: int, font: QFont) -> int:
        """Return the height of a grid cell of a given width, in points."""
        line = QFontMetrics(font).height()
        room = width - GAP - 2 * _PADDING
        return GAP + 2 * _PADDING + round(room * _SHAPE) + _MARGIN + 2 * line + 2

    def layout_of(self, cell: QRect, font: QFont) -> Layout:
        """Return the rectangles of the parts of the card in a grid cell."""
        line = QFontMetrics(font).height()
        card = cell.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        inner = card.adjusted(_PADDING, _PADDING, -_PADDING, -_PADDING)
        fact = QRect(inner.left(), inner.bottom() - line + 1, inner.width(), line)
        name = fact.translated(0, -line - 2)
        picture = QRect(inner.topLeft(), QPoint(inner.right(), name.top() - _MARGIN))
        return Layout(card, picture, name, fact)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        hit = index.data(HitRole.HIT)
        if hit is None:
            return
        layout = self.layout_of(option.rect, option.font)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_card(painter, option, layout.card)
        painter.setOpacity(_FAINT if hit.offline or hit.gone or hit.hidden else 1.0)
        picture = self._paint_picture(painter, option, layout.picture, hit)
        painter.setOpacity(1.0)
        self._paint_badges(painter, option, picture, hit)
        self._paint_words(painter, option, layout, hit)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        if event.type() is QEvent.Type.ToolTip and (
            problem := self._thumbnails.problem(index.data(HitRole.KEY) or "")
        ):
            lines = [*formatting.tooltip_lines(index.data(HitRole.HIT)), problem]
            QToolTip.showText(event.globalPos(), tooltip("\n".join(lines)), view)
            return True
        return super().helpEvent(event, view, option, index)

    def paint_dragged(self, painter: QPainter, palette: QPalette, pixmap: QPixmap | None, count: int) -> None:
        """Paint the drag image (112 x 112 points): a thumbnail, and the number of results if there are several."""
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        room = QRect(0, 8, 96, 96)
        target = room
        painter.setOpacity(0.85)
        if pixmap is None:
            _paint_pill(painter, palette, room)
        else:
            target = _fitted(pixmap.size(), room)
            painter.drawPixmap(target, pixmap)
        painter.setOpacity(1.0)
        if count > 1:
            text = grouped(count)
            pill = QRect(0, 0, QFontMetrics(painter.font()).horizontalAdvance(text) + 16, 22)
            pill.moveTopRight(target.topRight() + QPoint(10, -6))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(palette.color(_Role.Highlight))
            painter.drawRoundedRect(pill, 11, 11)
            painter.setPen(palette.color(_Role.HighlightedText))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_card(self, painter: QPainter, option: QStyleOptionViewItem, card: QRect) -> None:
        palette = option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        accent = palette.color(_Role.Highlight)
        fill = palette.color(_Role.AlternateBase)
        if selected:
            fill = _mixed(fill, accent, 0.30 if hovered else 0.24)
        elif hovered:
            fill = palette.color(_Role.Midlight)
        edge = QPen(Qt.PenStyle.NoPen)
        if focused:
            edge = QPen(accent, 2.0)
        elif selected:
            edge = QPen(_mixed(fill, accent, 0.55), 1.0)
        painter.setBrush(fill)
        painter.setPen(edge)
        inset = edge.widthF() / 2 if edge.style() != Qt.PenStyle.NoPen else 0.0
        painter.drawRoundedRect(
            QRectF(card).adjusted(inset, inset, -inset, -inset), _CARD_CORNER, _CARD_CORNER
        )

    def _paint_picture(self, painter: QPainter, option: QStyleOptionViewItem, room: QRect, hit: Hit) -> QRect:
        dpr = painter.device().devicePixelRatio()
        pixmap = self._thumbnails.pixmap(hit, room.size(), dpr)
        if pixmap is not None:
            # A picture is shown with at most one point for a pixel, so that tiny ones are not enlarged.
            target = _fitted(pixmap.size(), room)
            painter.drawPixmap(target, pixmap)
            return target
        # The placeholder has the shape of the picture, so that nothing moves when the thumbnail arrives.
        shape = QSize(hit.width, hit.height)
        if hit.width <= 0 or hit.height <= 0:
            shape = room.size()
        elif hit.kind is ItemKind.PAGE:
            shape.scale(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        tile = _fitted(shape, room)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(_Role.Midlight))
        painter.drawRoundedRect(QRectF(tile), _TILE_CORNER, _TILE_CORNER)
        if self._thumbnails.problem(hit.thumbnail_key):
            side = min(32, tile.width(), tile.height())
            box = QRect(0, 0, side, side)
            box.moveCenter(tile.center())
            icon("image-off").paint(painter, box, mode=QIcon.Mode.Disabled)
        return tile

    def _paint_badges(
        self, painter: QPainter, option: QStyleOptionViewItem, picture: QRect, hit: Hit
    ) -> None:
        font = QFont(option.font)
        font.setPointSizeF(font.pointSizeF() * 0.85)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        left = picture.left() + 4
        for text in filter(None, (formatting.page(hit), formatting.copies(hit))):
            pill = QRect(left, 0, metrics.horizontalAdvance(text) + 12, metrics.height() + 4)
            pill.moveBottom(picture.bottom() - 4)
            _paint_pill(painter, option.palette, pill)
            painter.setPen(option.palette.color(_Role.ToolTipText))
            painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, text)
            left = pill.right() + 5
        right = picture.right() - 4
        states = (("eye-off", hit.hidden), ("unplug", hit.offline), ("image-off", hit.gone))
        for name in [name for name, shown in states if shown]:
            pill = QRect(right - 23, picture.top() + 4, 24, 24)
            _paint_pill(painter, option.palette, pill)
            icon(name).paint(painter, pill.adjusted(5, 5, -5, -5), mode=QIcon.Mode.Selected)
            right = pill.left() - 5

    def _paint_words(self, painter: QPainter, option: QStyleOptionViewItem, layout: Layout, hit: Hit) -> None:
        metrics = QFontMetrics(option.font)
        painter.setFont(option.font)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        # The secondary colour has too little contrast on a selected card.
        quiet = option.palette.color(_Role.Text if selected else _Role.PlaceholderText)
        painter.setPen(quiet if hit.group is Group.POSSIBLE else option.palette.color(_Role.Text))
        name = metrics.elidedText(short_name(hit.path), Qt.TextElideMode.ElideMiddle, layout.name.width())
        painter.drawText(layout.name, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setPen(quiet)
        fact = formatting.key_fact(hit, self.sort)
        fact = metrics.elidedText(fact, Qt.TextElideMode.ElideRight, layout.fact.width())
        painter.drawText(layout.fact, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fact)


def _fitted(size: QSize, room: QRect) -> QRect:
    """Return a rectangle with the proportions of ``size``, centred in ``room`` and not larger than ``size``."""
    if size.width() > room.width() or size.height() > room.height():
        size = size.scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    target = QRect(QPoint(0, 0), size.expandedTo(QSize(1, 1)))
    target.moveCenter(room.center())
    return target


def _paint_pill(painter: QPainter, palette: QPalette, pill: QRect) -> None:
    colour = palette.color(_Role.ToolTipBase)
    colour.setAlphaF(0.82)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(pill, 5, 5)


def _mixed(base: QColor, other: QColor, share: float) -> QColor:
    """Return a mixture of two colours; ``share`` is the fraction of ``other``, 0 to 1."""

    def between(one: float, two: float) -> float:
        return one + (two - one) * share

    return QColor.fromRgbF(
        between(base.redF(), other.redF()),
        between(base.greenF(), other.greenF()),
        between(base.blueF(), other.blueF()),
    )
