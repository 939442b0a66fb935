"""Dialog for adding folders or files, and for changing a folder's options."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from imagefinder.domain.sources import SourceOptions
from imagefinder.translation import join_names, tr
from imagefinder.ui.formatting import grouped, path_text, short_name
from imagefinder.ui.library.file_kinds import FileKinds, kinds_of, parse_extensions
from imagefinder.ui.widgets.fitting_dialog import FittingDialog, stay_on_screen
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import ElidedLabel, IconLabel, SecondaryLabel, demi_bold

_PATHS_SHOWN = 3


class AddFolderDialog(FittingDialog):
    """Dialog for the options of sources: kinds of file, subfolders, and a collapsible part with glob patterns."""

    def __init__(
        self,
        paths: Sequence[Path],
        extensions: Sequence[str],
        existing: SourceOptions | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Create the dialog without showing it.

        Args:
            paths: The folders or files that the options are for.
            extensions: All readable file extensions; empty if they are not known yet.
            existing: The current options of a source that is in the library; None if the paths are being added.
            parent: The parent widget.
        """
        super().__init__(parent)
        self._known = frozenset(extensions)
        options = existing or SourceOptions()
        self.setWindowTitle(tr("Folder options") if existing else tr("Add to library"))

        self._body = QWidget()
        self._build_kinds(options)
        self._build_more(options)
        self._buttons = QDialogButtonBox(self)
        self._accept = self._buttons.addButton(
            tr("Save") if existing else tr("Add"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self._buttons.addButton(tr("Cancel"), QDialogButtonBox.ButtonRole.RejectRole).setAutoDefault(False)
        self._accept.setDefault(True)

        self._lay_out(paths)
        self._connect()
        self._more.setChecked(bool(options.exclude or options.include))
        self._show_state()
        self._fold(self._more.isChecked())
        self._accept.setFocus()

    def _build_kinds(self, options: SourceOptions) -> None:
        self._recursive = QCheckBox(tr("Include &subfolders"), self)
        self._recursive.setChecked(options.recursive)
        self._kinds = QComboBox(self)
        self._kinds.setAccessibleName(tr("What to look for"))
        for kind, text in (
            (FileKinds.ALL, tr("Pictures and PDF pages")),
            (FileKinds.PICTURES, tr("Pictures only")),
            (FileKinds.PDF, tr("PDF pages only")),
            (FileKinds.LISTED, tr("Only these file types:")),
        ):
            if kind is not FileKinds.PICTURES or self._known:
                self._kinds.addItem(text, kind)
        self._kinds.setCurrentIndex(self._kinds.findData(kinds_of(options.extensions, self._known)))
        self._listed = QLineEdit(", ".join(options.extensions), self)
        self._listed.setPlaceholderText(tr("jpg, heic, png", "an example of a list of kinds of file"))
        self._listed.setAccessibleName(tr("File types, by extension"))
        self._hint = SecondaryLabel(parent=self)

    def _build_more(self, options: SourceOptions) -> None:
        self._more = QToolButton(self, autoRaise=True)
        self._more.setCheckable(True)
        self._more.setText(tr("&More options"))
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.setIconSize(QSize(16, 16))
        self._more.setStyleSheet(
            "QToolButton, QToolButton:checked { background: transparent; padding-left: 0; }"
            "QToolButton:focus { border-color: palette(highlight); }"
        )
        self._more.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._exclude = self._globs(options.exclude)
        self._exclude.setPlaceholderText("screenshots/\n*-small.jpg\n**/backup/**")
        self._exclude.setAccessibleName(tr("Files and folders to exclude, one per line"))
        self._include = self._globs(options.include)
        self._include.setPlaceholderText("2024*/\nIMG_*")
        self._include.setAccessibleName(tr("Only files that match one of these patterns, one per line"))
        self._rest = self._make_rest()

    def _connect(self) -> None:
        self._kinds.currentIndexChanged.connect(self._show_state)
        self._listed.textChanged.connect(self._show_state)
        self._more.toggled.connect(self._fold)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def options(self) -> SourceOptions:
        """Return the options that the user chose."""
        kind = FileKinds(self._kinds.currentData())
        return SourceOptions(
            recursive=self._recursive.isChecked(),
            include=_lines(self._include),
            exclude=_lines(self._exclude),
            extensions=kind.extensions(self._known, parse_extensions(self._listed.text())),
        )

    def _lay_out(self, paths: Sequence[Path]) -> None:
        kinds = QVBoxLayout()
        kinds.setSpacing(8)
        label = QLabel(tr("&What to include"), self)
        label.setBuddy(self._kinds)
        kinds.addWidget(label)
        kinds.addWidget(self._kinds)
        kinds.addWidget(self._listed)
        kinds.addWidget(self._hint)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(16)
        column.addLayout(self._make_header(paths))
        column.addLayout(kinds)
        column.addWidget(self._recursive)
        column.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._rest)
        column.addStretch(1)
        # With all options unfolded, the dialog can be higher than a small screen: they scroll above the buttons.
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidgetResizable(True)
        area.setWidget(self._body)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 16)
        whole.setSpacing(0)
        whole.addWidget(area, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(20, 0, 20, 0)
        foot.addWidget(self._buttons)
        whole.addLayout(foot)
        self.setMinimumWidth(440)
        for before, after in (
            (self._kinds, self._listed),
            (self._listed, self._recursive),
            (self._recursive, self._more),
            (self._more, self._exclude),
            (self._exclude, self._include),
            (self._include, self._buttons),
        ):
            QWidget.setTabOrder(before, after)

    def _make_header(self, paths: Sequence[Path]) -> QHBoxLayout:
        are_files = self._are_files(paths)
        picture = IconLabel("files" if len(paths) > 1 else "image" if are_files else "folder", 32, self)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        count = len(paths)
        if count == 1:
            name = short_name(paths[0])
        elif are_files:
            name = tr("{count} file(s)", "", count, count=grouped(count))
        elif any(map(self._is_file, paths)):
            name = tr("{count} files and folders", count=grouped(count))
        else:
            name = tr("{count} folder(s)", "", count, count=grouped(count))
        title = ElidedLabel(name, self)
        title.setFont(demi_bold(title.font(), 1.2))
        texts.addWidget(title)
        for path in paths[:_PATHS_SHOWN]:
            line = ElidedLabel(path_text(path), self)
            line.setForegroundRole(line.foregroundRole().PlaceholderText)
            texts.addWidget(line)
        if (left := count - _PATHS_SHOWN) > 0:
            texts.addWidget(SecondaryLabel(tr("and {count} more", "folders", count=grouped(left)), self))
        # Files have no subfolders.
        self._recursive.setVisible(not are_files)
        header = QHBoxLayout()
        header.setSpacing(12)
        header.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        header.addLayout(texts, 1)
        return header

    def _are_files(self, paths: Sequence[Path]) -> bool:
        return all(map(self._is_file, paths))

    def _is_file(self, path: Path) -> bool:
        """Whether a path is a file, judged by its name alone: a disk that is asleep would block the GUI thread."""
        return path.suffix[1:].lower() in self._known

    def _make_rest(self) -> QWidget:
        rest = QWidget(self)
        inner = QVBoxLayout(rest)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        for text, field in (
            (tr("&Exclude, one per line"), self._exclude),
            (tr("Include &only, one per line"), self._include),
        ):
            label = QLabel(text, rest)
            label.setBuddy(field)
            inner.addWidget(label)
            inner.addWidget(field)
            inner.addSpacing(8)
        inner.addWidget(
            SecondaryLabel(
                tr(
                    "* matches anything in a name, ** any number of folders; end with / to match folders only. "
                    "Hidden files and folders are always excluded."
                ),
                rest,
            )
        )
        return rest

    def _globs(self, globs: Sequence[str]) -> QPlainTextEdit:
        field = QPlainTextEdit("\n".join(globs), self)
        field.setTabChangesFocus(True)
        field.setFixedHeight(field.fontMetrics().lineSpacing() * 3 + 28)
        return field

    def _fold(self, is_open: bool) -> None:
        self._more.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self._rest.setVisible(is_open)
        self._fit()

    def _fit(self) -> None:
        """Adjust the height to the visible options, and keep the width."""
        if layout := self._body.layout():
            layout.activate()
            width = max(self.width() if self.isVisible() else 0, self.minimumWidth())
            foot = self._buttons.sizeHint().height() + 16
            self.resize(width, layout.totalHeightForWidth(width) + foot)
            stay_on_screen(self)

    def _show_state(self) -> None:
        is_listed = self._kinds.currentData() == FileKinds.LISTED
        listed = parse_extensions(self._listed.text())
        strange = [each for each in listed if self._known and each not in self._known]
        self._listed.setVisible(is_listed)
        self._hint.setVisible(is_listed and bool(strange))
        self._hint.setText(
            tr(
                "%n file type(s) can't be read: {kinds}",
                "",
                len(strange),
                kinds=join_names(strange),
            )
        )
        self._accept.setEnabled(not is_listed or len(listed) > len(strange))
        self._fit()


def _lines(field: QPlainTextEdit) -> tuple[str, ...]:
    return tuple(line.strip() for line in field.toPlainText().splitlines() if line.strip())
