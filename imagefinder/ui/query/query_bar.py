"""Query bar: a line for words, with pictures as chips."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QToolButton, QWidget

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.drop_loader import DropLoader, DropResult
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.dragdrop.mime_parser import Dropped
from imagefinder.ui.formatting import short_name
from imagefinder.ui.query.query_chip import PictureChip
from imagefinder.ui.query.query_line import QueryLine
from imagefinder.ui.query.search_state import PictureTerm
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.flow_box import FlowBox
from imagefinder.ui.widgets.icons import icon

_TYPING_MS = 250
_MOST_PICTURES = 16
"""Maximum number of pictures in a query. The sum of more vectors means little, and the chips would fill the window."""


class QueryBar(QWidget):
    """Input field for the words and pictures of a query."""

    changed = Signal()
    """The query has changed. Emitted at once for pictures and Enter, and after a short pause in typing for words."""
    folders_dropped = Signal(list)  # list[Path]
    problem = Signal(str)
    """A picture could not be added to the query; one sentence."""
    left_downwards = Signal()
    """The Down key was pressed: the focus should move to the results."""

    def __init__(
        self,
        thumbnails: ThumbnailLoader,
        dropped: DropCache,
        fetcher: LinkFetcher,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.extensions: tuple[str, ...] = ()
        """Extensions that the file dialog offers, in lower case without the dot; if empty, it offers all files."""
        self._thumbnails = thumbnails
        self._drop_loader = DropLoader(dropped, fetcher, self)
        self._chips: list[PictureChip] = []
        self._arrivals: dict[PictureChip, DropResult] = {}
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.changed)
        self._line = QueryLine(self)
        self._line.setPlaceholderText(tr("Describe a picture, or drop one here"))
        self._line.setAccessibleName(tr("What to look for"))
        self._line.textEdited.connect(self._edited)
        self._line.textChanged.connect(self._show_clear)
        self._line.returnPressed.connect(self._now)
        self._line.pasted.connect(self.take)
        self._line.went_back.connect(self._remove_last)
        self._line.went_left.connect(lambda: self._focus_chip(len(self._chips) - 1))
        self._line.went_down.connect(self.left_downwards)
        self._line.installEventFilter(self)
        self._add = self._button("image-plus", tr("Search by picture…"))
        self._add.clicked.connect(self.choose_pictures)
        self._clear = self._button("x", tr("Clear the search (Esc)"))
        self._clear.clicked.connect(self.clear)
        self._lay_out()
        self._show_clear()
        self.setFocusProxy(self._line)

    def _button(self, name: str, label: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setIconSize(QSize(18, 18))
        button.setAutoRaise(True)
        button.setToolTip(label)
        button.setAccessibleName(label)
        return button

    def _lay_out(self) -> None:
        sign = _SearchSign(self)
        self._flow = FlowBox(6, parent=self)
        self._flow.insert(0, self._line)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 6, 5)
        row.setSpacing(8)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._flow, 1)
        row.addWidget(self._add, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignTop)
        row.setSpacing(4)
        for button in (self._add, self._clear):
            button.setFixedSize(34, 34)

    def text(self) -> str:
        """Return the words as typed."""
        return self._line.text()

    def terms(self) -> tuple[PictureTerm, ...]:
        """Return the pictures of the query, without those that are still being loaded."""
        return tuple(chip.term for chip in self._chips if chip.term is not None)

    def set_text(self, text: str) -> None:
        """Replace the words without emitting ``changed``."""
        self._typing.stop()
        self._line.setText(text)

    def set_terms(self, terms: Sequence[PictureTerm]) -> None:
        """Replace the pictures without emitting ``changed``."""
        for chip in tuple(self._chips):
            self._drop_chip(chip)
        self.add_terms(terms)

    def clear(self) -> None:
        """Remove all words and pictures, and focus the words."""
        self.set_terms(())
        self.set_text("")
        self._line.setFocus()
        self.changed.emit()

    def take(self, dropped: Dropped, *, instead: bool = False) -> None:
        """Add what was dropped or pasted to the query. Folders are passed on by ``folders_dropped``.

        Args:
            dropped: The dropped or pasted files, picture data or links.
            instead: Whether to replace the present pictures. Picture data and links replace them only once they are
                loaded, because that may fail.
        """
        if dropped.missing:
            name, others = short_name(dropped.missing[0]), len(dropped.missing) - 1
            self.problem.emit(
                tr("{name} and %n more file(s) couldn't be found and were left out.", "", others, name=name)
                if others
                else tr("{name} couldn't be found and was left out.", name=name)
            )
        if dropped.folders:
            self.folders_dropped.emit(list(dropped.folders))
        count = len(self.terms())
        if instead and dropped.files:
            self.set_terms(())
            count = -1
        if dropped.files:
            self.add_terms([PictureTerm.of_file(path) for path in dropped.files])
            if len(self.terms()) != count:
                self._now()
        elif len(self._chips) >= _MOST_PICTURES and not instead:
            self._say_full()
        elif (arrival := self._drop_loader.take(dropped)) is not None:
            self._await(arrival, instead=instead)
        elif not dropped.folders:
            self.problem.emit(tr("No picture was found to search by."))

    def add_terms(self, terms: Sequence[PictureTerm]) -> None:
        """Add pictures that are not in the query yet, without emitting ``changed``."""
        fresh = [term for term in terms if not any(term.is_same(other) for other in self.terms())]
        room = _MOST_PICTURES - len(self._chips)
        for term in fresh[:room]:
            self._add_term(term)
        if len(fresh) > room:
            self._say_full()
        self._show_clear()

    def _say_full(self) -> None:
        self.problem.emit(
            tr("A search can use up to {most} pictures. The others were left out.", most=_MOST_PICTURES)
        )

    def focus_words(self) -> None:
        """Focus the words, and select all of them."""
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._line.selectAll()

    def choose_pictures(self) -> None:
        """Let the user choose pictures in a file dialog, and add them."""
        dialog = QFileDialog(self, tr("Choose pictures to search by"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        # On systems with case-sensitive file names, the patterns are case-sensitive, too.
        patterns = " ".join(f"*.{each} *.{each.upper()}" for each in self.extensions)
        filters = [tr("Pictures and PDFs") + f" ({patterns})"] if patterns else []
        dialog.setOption(QFileDialog.Option.HideNameFilterDetails)  # the list of patterns is too long to show
        dialog.setNameFilters([*filters, tr("All files") + " (*)"])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self.take(Dropped(files=tuple(map(Path, names)))))
        dialog.open()

    def paste(self) -> None:
        """Paste pictures or words from the clipboard."""
        self._line.setFocus()
        self._line.paste_anything()

    def insert_text(self, text: str) -> None:
        """Append dropped words to those of the query."""
        self.set_text(" ".join(f"{self.text()} {text}".split()))
        self._now()

    def stop(self) -> None:
        """Cancel pictures that are still being loaded. No signals are emitted afterwards."""
        self._typing.stop()
        for arrival in self._arrivals.values():
            arrival.cancel()
        self._arrivals.clear()
        self._drop_loader.close()

    def _edited(self) -> None:
        self._typing.start()

    def _now(self) -> None:
        self._typing.stop()
        self.changed.emit()

    def _await(self, arrival: DropResult, *, instead: bool) -> None:
        for other in tuple(self._arrivals) if instead else ():
            self._drop_chip(other)
        chip = self._insert(PictureChip(arrival.label, self._thumbnails, self))
        self._arrivals[chip] = arrival

        def arrived(path: Path) -> None:
            del self._arrivals[chip]
            term = PictureTerm(path, None, "", arrival.label)
            for other in tuple(self._chips) if instead else ():
                if other is not chip and other not in self._arrivals:
                    self._drop_chip(other)
            if any(term.is_same(other) for other in self.terms()):
                self._drop_chip(chip)
                return
            chip.set_term(term)
            self._now()

        def failed(problem: str) -> None:
            del self._arrivals[chip]
            self._drop_chip(chip)
            self._show_clear()
            self.problem.emit(problem)

        arrival.progress.connect(chip.set_progress)
        arrival.arrived.connect(arrived)
        arrival.failed.connect(failed)
        self._show_clear()

    def _add_term(self, term: PictureTerm) -> None:
        self._insert(PictureChip.of(term, self._thumbnails, self))

    def _insert(self, chip: PictureChip) -> PictureChip:
        before = self._chips[-1] if self._chips else self
        self._flow.insert(len(self._chips), chip)
        self._chips.append(chip)
        chip.removed.connect(lambda: self._remove(chip))
        chip.went.connect(lambda step: self._focus_chip(self._chips.index(chip) + step))
        if before is not self:
            QWidget.setTabOrder(before, chip)
        QWidget.setTabOrder(chip, self._line)
        self._resized()
        return chip

    def _remove(self, chip: PictureChip) -> None:
        at = self._chips.index(chip)
        had_term = chip.term is not None
        had_focus = chip.hasFocus()
        self._drop_chip(chip)
        self._show_clear()
        if had_focus:
            self._focus_chip(min(at, len(self._chips) - 1) if self._chips else 0)
        if had_term:
            self._now()

    def _remove_last(self) -> None:
        if self._chips:
            self._remove(self._chips[-1])

    def _drop_chip(self, chip: PictureChip) -> None:
        if arrival := self._arrivals.pop(chip, None):
            arrival.cancel()
        self._chips.remove(chip)
        self._flow.remove(chip)
        self._resized()

    def _focus_chip(self, at: int) -> None:
        if 0 <= at < len(self._chips):
            self._chips[at].setFocus(Qt.FocusReason.TabFocusReason)
        elif at >= len(self._chips):
            self._line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_clear(self) -> None:
        self._clear.setVisible(bool(self._chips or self._line.text()))

    def _resized(self) -> None:
        for chip in self._chips:
            chip.set_neighbours(len(self._chips))
        self._flow.arrange()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and (self._chips or self.text()):
            self.clear()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._line.setFocus(Qt.FocusReason.MouseFocusReason)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        has_focus = self._line.hasFocus()
        role = QPalette.ColorRole.Highlight if has_focus else QPalette.ColorRole.Mid
        width = 1.5 if has_focus else 1.0
        painter.setPen(QPen(colours.color(role), width))
        painter.setBrush(colours.color(QPalette.ColorRole.Base))
        inset = width / 2 + 0.25
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 10, 10)


class _SearchSign(QLabel):
    """Magnifying glass at the start of the field."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(22, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.65)
        icon("search").paint(painter, self.rect().adjusted(0, 8, -4, -8))
