"""Preview window, which shows one result at a time."""

from PySide6.QtCore import QByteArray, QModelIndex, QRect, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import ItemShown
from imagefinder.translation import tr
from imagefinder.ui.formatting import short_name
from imagefinder.ui.preview.metadata_panel import MetadataPanel
from imagefinder.ui.preview.preview_bars import PageBar, PreviewTopBar, ProblemLine
from imagefinder.ui.preview.preview_canvas import PreviewCanvas
from imagefinder.ui.preview.preview_loader import MOST_SIDE, PreviewLoader
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.services.clipboard import PictureClipboard
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.fitting_dialog import stay_on_screen
from imagefinder.ui.widgets.shortcut_actions import ShortcutActions

_LEAST_SIDE = 1024
_MOST_PAGE_SIDE = 6144
_SCREEN_DPI, _PAPER_DPI = 96, 72
_ROWS_AHEAD = 5
_THUMBNAIL = QSize(320, 320)


class PreviewWindow(QWidget):
    """Window with one result of a pane, its metadata and actions.

    Esc leaves full screen or else closes the window. Space closes it, too.
    """

    similar_requested = Signal(object)  # Hit
    row_shown = Signal(int)
    """Emitted with the row of the result now shown, so that the grid can follow."""

    def __init__(
        self,
        client: EngineClient,
        desktop: Desktop,
        thumbnails: ThumbnailLoader | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Create the window. If ``thumbnails`` is given, thumbnails are shown while pictures are loading."""
        super().__init__(parent, Qt.WindowType.Window)
        self._desktop = desktop
        self._thumbnails = thumbnails
        self._model: ResultsModel | None = None
        self._row = -1
        self._hit: Hit | None = None
        self._part = 1
        self._words = ""
        self._shown: ItemShown | None = None
        self._side = 0
        self._usual = QRect()
        self._loader = PreviewLoader(client, desktop.background, self)
        self._loader.shown.connect(self._on_shown)
        self._loader.failed.connect(self._say)
        self._clipboard = PictureClipboard(client, desktop.background, self)
        self._clipboard.notice.connect(self._say)
        self._clipboard.problem.connect(self._say)
        self._actions = self._make_actions()
        self._top = PreviewTopBar(self._actions)
        self._canvas = PreviewCanvas()
        self._canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._canvas.zoom_changed.connect(lambda: self._top.show_zoom(self._canvas.zoom))
        self._canvas.detail_wanted.connect(self._ask_for_detail)
        self._metadata = MetadataPanel()
        self._pages = PageBar(self._actions)
        self._problem = ProblemLine()
        self._problem.download_wanted.connect(self._download)
        self._lay_out()
        self.resize(self.sizeHint())  # because the geometry is saved even if the window is never opened
        stay_on_screen(self)
        if thumbnails is not None:
            thumbnails.ready.connect(self._on_thumbnail)
        desktop.problem.connect(self._on_desktop_problem)

    def show_hit(self, model: ResultsModel, row: int, words: str) -> None:
        """Show the hit in a row. Matches of ``words`` (the query's text) are marked on pages."""
        if model is not self._model:
            if self._model is not None:
                self._model.destroyed.disconnect(self._forget_model)
            self._model = model
            model.destroyed.connect(self._forget_model)
        self._words = words
        self._come_back()
        self.show()  # first, so that the size of the canvas is known when the picture is requested
        self._show_row(row)
        self.raise_()
        self.activateWindow()
        self._canvas.setFocus()

    @property
    def hit(self) -> Hit | None:
        """The hit shown, or the page of its file that the user turned to. None if nothing is shown."""
        hit, shown = self._hit, self._shown
        if hit is None or self._part == hit.part:
            return hit
        return hit._replace(part=self._part, item_id=shown.item_id) if shown else None

    def step(self, rows: int) -> None:
        """Show the result that is this number of rows ahead; -1 for the previous one."""
        if self._model is None or self._hit is None:
            return
        at = self._model.row_of(self._hit.item_id, self._row)
        # If the hit is no longer among the results, continue from its old row.
        wanted = (at if at >= 0 else self._row) + rows
        if 0 <= wanted < self._model.rowCount():
            self._show_row(wanted)

    def turn_page(self, pages: int) -> None:
        """Show the page of the same file that is this number of pages ahead."""
        if self._hit is not None and 1 <= self._part + pages <= self._hit.parts:
            self._show_part(self._part + pages)

    def saved_place(self) -> bytes:
        """Return the window's geometry for ``restore_place``."""
        self._come_back()
        return bytes(self.saveGeometry().data())

    def restore_place(self, geometry: bytes) -> None:
        """Restore the window's geometry, but not full screen, which applies to the current picture only."""
        self.restoreGeometry(QByteArray(geometry))
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowFullScreen)
        stay_on_screen(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self._toggle_full_screen()
        elif not self._actions.take_key(event):
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.isFullScreen():
            self._usual = self.normalGeometry()
            self._toggle_full_screen()
        # Free the picture, which may take 200 MB, because the window object is reused.
        self._loader.forget()
        self._canvas.show_picture(None, QSizeF(), keep_view=False)
        super().closeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(1100, 760)

    def _make_actions(self) -> ShortcutActions:
        actions = ShortcutActions(self)
        add = actions.add
        add("previous", "chevron-left", tr("Previous result"), lambda: self.step(-1), "Left", "Up")
        add("next", "chevron-right", tr("Next result"), lambda: self.step(1), "Right", "Down")
        add("previous_page", "chevron-left", tr("Previous page"), lambda: self.turn_page(-1), "PgUp")
        add("next_page", "chevron-right", tr("Next page"), lambda: self.turn_page(1), "PgDown")
        add("zoom_out", "zoom-out", tr("Zoom out"), lambda: self._canvas.zoom_by(-1), "-", "Ctrl+-")
        zoom_in_keys = ("+", "Ctrl++", "=", "Ctrl+=", "Shift++", "Ctrl+Shift++")
        add("zoom_in", "zoom-in", tr("Zoom in"), lambda: self._canvas.zoom_by(1), *zoom_in_keys)
        add("fit", "maximize", tr("Fit to window"), self._canvas_fit, "0", "Ctrl+0")
        add("full", "maximize", tr("Actual size"), lambda: self._canvas.zoom_to(1.0), "1", "Ctrl+1")
        add("open", "external-link", tr("Open in default app"), self._open, "Return", "Enter")
        add("reveal", "folder-open", tr("Show in folder"), self._reveal, "Ctrl+Return", "Ctrl+Enter")
        add("copy_picture", "copy", tr("Copy picture"), self._copy, "Ctrl+C", "Ctrl+Shift+C")
        add("similar", "sparkles", tr("Find similar"), self._find_similar, "S")
        add("facts", "info", tr("About this picture"), self._toggle_facts, "I").setCheckable(True)
        add("full_screen", "maximize", tr("Full screen"), self._toggle_full_screen, "F11", "F")
        add("close", "x", tr("Close"), self._close, "Esc", "Space", "Ctrl+W")
        actions["facts"].setChecked(True)
        return actions

    def _lay_out(self) -> None:
        middle = QVBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._canvas, 1)
        middle.addWidget(self._problem)
        middle.addWidget(self._pages)
        sides = QHBoxLayout()
        sides.setSpacing(0)
        sides.addLayout(middle, 1)
        sides.addWidget(self._metadata)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._top)
        column.addLayout(sides, 1)

    def _show_row(self, row: int) -> None:
        assert self._model is not None
        self._row = row
        self._hit = self._model.hit(row)
        has_more = self._model.has_more
        self._top.show_result(short_name(self._hit.path), row, self._model.rowCount(), has_more=has_more)
        self.setWindowTitle(short_name(self._hit.path))
        self._canvas.setAccessibleName(tr("Picture {name}", name=short_name(self._hit.path)))
        self._show_part(self._hit.part)
        self.row_shown.emit(row)
        root = QModelIndex()
        if row + _ROWS_AHEAD >= self._model.rowCount() and self._model.canFetchMore(root):
            self._model.fetchMore(root)

    def _show_part(self, part: int) -> None:
        hit = self._hit
        assert hit is not None
        self._part = part
        self._shown = None
        self._say("")
        self._pages.show_page(part, hit.parts)
        self._actions["previous_page"].setEnabled(part > 1)
        self._actions["next_page"].setEnabled(part < hit.parts)
        is_the_hit = part == hit.part
        self._metadata.show_hit(hit if is_the_hit else hit._replace(part=part), None, is_the_hit=is_the_hit)
        self._canvas.set_may_grow(hit.kind is ItemKind.PAGE)
        thumbnail = self._thumbnail(hit) if is_the_hit else None
        self._canvas.show_picture(thumbnail, self._full_size(hit.width, hit.height), keep_view=False)
        self._ask(max(_LEAST_SIDE, self._screen_side()))

    def _thumbnail(self, hit: Hit) -> QPixmap | None:
        if self._thumbnails is None:
            return None
        found = self._thumbnails.peek(hit.thumbnail_key)
        return found or self._thumbnails.pixmap(hit, _THUMBNAIL, self.devicePixelRatioF())

    def _on_thumbnail(self, key: str) -> None:
        hit = self._hit
        has_better = self._shown is not None and self._shown.picture is not None
        if not has_better and hit is not None and self._part == hit.part and key == hit.thumbnail_key:
            size = self._full_size(hit.width, hit.height)
            if thumbnail := self._thumbnail(hit):
                self._canvas.show_picture(thumbnail, size, keep_view=True)

    def _download(self) -> None:
        if self._hit is not None:
            # The link that was clicked and has the focus is hidden now.
            self._canvas.setFocus()
            self._say(tr("Downloading…"))
            self._ask(max(self._side, _LEAST_SIDE), download=True)

    def _ask(self, side: int, *, download: bool = False) -> None:
        assert self._hit is not None
        self._side = side
        part = None if self._part == self._hit.part else self._part
        self._loader.ask(self._hit.item_id, part, side, self._words, download=download)

    def _ask_for_detail(self, side: int) -> None:
        shown = self._shown
        if shown is None or shown.picture is None:
            return
        details = shown.details
        is_page = details.kind is ItemKind.PAGE
        most = _MOST_PAGE_SIDE if is_page else min(max(details.width, details.height), MOST_SIDE)
        # Powers of two, to avoid a request at every step of the mouse wheel.
        wanted = min(1 << (side - 1).bit_length(), most)
        if wanted > self._side:
            self._ask(wanted)

    def _on_shown(self, shown: ItemShown, pixmap: QPixmap | None) -> None:
        hit = self._hit
        if hit is None:
            return
        details = shown.details
        is_first = self._shown is None
        self._shown = shown
        if pixmap is not None:
            size = self._full_size(details.width, details.height, pixmap.size())
            self._canvas.show_picture(pixmap, size, keep_view=not is_first or self._part == hit.part)
        self._canvas.set_marks(shown.marks)
        is_the_hit = self._part == hit.part
        self._metadata.show_hit(
            hit if is_the_hit else hit._replace(part=self._part), details, is_the_hit=is_the_hit
        )
        self._problem.say(shown.problem, can_download=shown.is_in_the_cloud)

    def _full_size(self, width: int, height: int, pixels: QSize | None = None) -> QSizeF:
        """Return the size at 100 % in points. If the picture's size is unknown, use ``pixels``."""
        if width <= 0 or height <= 0:
            width, height = (pixels or _THUMBNAIL).toTuple()
        if self._hit is not None and self._hit.kind is ItemKind.PAGE:
            return QSizeF(width, height) * (_SCREEN_DPI / _PAPER_DPI)
        return QSizeF(width, height) / self.devicePixelRatioF()

    def _screen_side(self) -> int:
        size = self._canvas.size() * self.devicePixelRatioF()
        return max(size.width(), size.height())

    def _come_back(self) -> None:
        if not self._usual.isNull():
            # The window was closed in full screen, before the desktop could restore its geometry.
            self.setGeometry(self._usual)
            self._usual = QRect()

    def _close(self) -> None:
        self.close()

    def _canvas_fit(self) -> None:
        self._canvas.fit()

    def _open(self) -> None:
        if hit := self._hit:
            self._say(self._desktop.open(hit.path, self._part, is_offline=hit.offline))

    def _reveal(self) -> None:
        if hit := self._hit:
            self._say(self._desktop.reveal(hit.path, is_offline=hit.offline))

    def _copy(self) -> None:
        if hit := self.hit:
            self._clipboard.copy(hit)

    def _find_similar(self) -> None:
        if hit := self.hit:
            self.similar_requested.emit(hit)

    def _toggle_facts(self) -> None:
        self._metadata.setVisible(self._actions["facts"].isChecked())

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def _say(self, text: str) -> None:
        self._problem.say(text)

    def _on_desktop_problem(self, text: str) -> None:
        if self.isActiveWindow():
            self._say(text)

    def _forget_model(self) -> None:
        self._model = None
