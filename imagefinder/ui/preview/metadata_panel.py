"""Side panel of the preview with the picture's metadata."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette, QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from imagefinder.domain.items import ItemDetails
from imagefinder.domain.queries import Hit
from imagefinder.translation import tr
from imagefinder.ui import formatting
from imagefinder.ui.formatting import path_text, short_name

_WIDTH = 264
_MOST_COPIES = 20


class MetadataPanel(QScrollArea):
    """Panel of captions, each followed by a selectable text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(_WIDTH)
        self.setAccessibleName(tr("About this picture"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._facts: list[tuple[str, str]] = []

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Captions and texts shown."""
        return list(self._facts)

    def show_hit(self, hit: Hit, details: ItemDetails | None, *, is_the_hit: bool = True) -> None:
        """Show the metadata of a hit, with its details if they are loaded.

        ``is_the_hit`` is False for another page of the hit's file, which has no score.
        """
        facts = _facts(hit, details, is_the_hit)
        if facts == self._facts and self.widget() is not None:
            return  # keep the user's text selection
        self._facts = facts
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(16, 16, 12, 16)
        column.setSpacing(2)
        for caption, text in facts:
            label = QLabel(caption)
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            column.addWidget(label)
            column.addWidget(_FactText(text, caption))
            column.addSpacing(10)
        column.addStretch(1)
        self.setWidget(body)


class _FactText(QPlainTextEdit):
    """Selectable text that adapts its height. It wraps anywhere, because paths have few spaces."""

    def __init__(self, text: str, caption: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setStyleSheet("QPlainTextEdit { background: transparent; border: none; padding: 0; }")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setTabChangesFocus(True)
        self.setAccessibleName(caption)
        self.setPlainText(text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The document of a QPlainTextEdit measures its height in lines.
        lines = round(self.document().size().height())
        self.setFixedHeight(max(1, lines) * self.fontMetrics().lineSpacing() + 2)

    def sizeHint(self) -> QSize:
        return QSize(100, self.fontMetrics().lineSpacing() + 2)


def _facts(hit: Hit, details: ItemDetails | None, is_the_hit: bool) -> list[tuple[str, str]]:
    path = details.path if details else hit.path
    width, height = (details.width, details.height) if details else (hit.width, hit.height)
    size = details.size if details else hit.size
    taken = details.taken_at if details else hit.taken_at
    changed = details.mtime_ns if details else hit.mtime_ns
    copies = details.copies if details else ()
    parts = details.parts if details else hit.parts
    part = details.part if details else hit.part
    listed = [path_text(copy) for copy in copies[:_MOST_COPIES]]
    if len(copies) > _MOST_COPIES:
        listed.append(tr("and %n more", "", len(copies) - _MOST_COPIES))
    rows = [
        (tr("Name"), short_name(path)),
        (tr("Path"), path_text(path)),
        (tr("Page"), tr("{number} of {parts}", number=part, parts=parts) if parts > 1 else ""),
        (tr("Dimensions"), formatting.dimensions(width, height, hit.kind)),
        (tr("File size"), formatting.file_size(size) if size else ""),
        (tr("Taken"), formatting.taken_at(taken) if taken else ""),
        (tr("Camera"), details.camera if details else ""),
        (tr("Modified"), formatting.changed_at(changed) if changed else ""),
        *(formatting.score_facts(hit) if is_the_hit else ()),
        (tr("Other copies"), "\n".join(listed)),
    ]
    return [(caption, text) for caption, text in rows if text]
