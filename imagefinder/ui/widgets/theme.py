"""Light and dark theme: Qt's Fusion style with custom palettes and a style sheet."""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from imagefinder.ui.widgets.style_sheet import style_sheet

_Role = QPalette.ColorRole

# Neutral greys, which do not affect the perception of pictures, and one blue. All texts have a contrast of at least
# 4.5 : 1 (WCAG 2.2, 1.4.3), which a test checks.
_LIGHT = {
    _Role.Window: "#f5f5f6",
    _Role.WindowText: "#1d1d1f",
    _Role.Base: "#ffffff",
    _Role.AlternateBase: "#efeff1",
    _Role.Text: "#1d1d1f",
    _Role.PlaceholderText: "#65656b",
    _Role.Button: "#ffffff",
    _Role.ButtonText: "#1d1d1f",
    _Role.BrightText: "#c4281c",
    _Role.Light: "#ffffff",
    _Role.Midlight: "#e6e6e9",
    _Role.Mid: "#d2d2d7",
    _Role.Dark: "#a1a1a8",
    _Role.Shadow: "#6e6e75",
    _Role.Highlight: "#2463eb",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#2463eb",
    _Role.Link: "#1d55d1",
    _Role.LinkVisited: "#6d3fc4",
    _Role.ToolTipBase: "#2b2b2e",
    _Role.ToolTipText: "#f5f5f7",
}
_DARK = {
    _Role.Window: "#1f1f22",
    _Role.WindowText: "#ececef",
    _Role.Base: "#18181a",
    _Role.AlternateBase: "#26262a",
    _Role.Text: "#ececef",
    _Role.PlaceholderText: "#a0a0a8",
    _Role.Button: "#2d2d31",
    _Role.ButtonText: "#ececef",
    _Role.BrightText: "#ff8a7d",
    _Role.Light: "#48484e",
    _Role.Midlight: "#34343a",
    _Role.Mid: "#45454c",
    _Role.Dark: "#5d5d66",
    _Role.Shadow: "#000000",
    _Role.Highlight: "#3069e6",
    _Role.HighlightedText: "#ffffff",
    _Role.Accent: "#3069e6",
    _Role.Link: "#82b1ff",
    _Role.LinkVisited: "#c0a3ff",
    _Role.ToolTipBase: "#3a3a40",
    _Role.ToolTipText: "#f2f2f5",
}
_DISABLED = {False: "#9a9aa1", True: "#74747c"}
_WRITTEN = (_Role.WindowText, _Role.Text, _Role.ButtonText, _Role.PlaceholderText)


class Theme(QObject):
    """Theme of the application, which can follow the system's changes between light and dark."""

    changed = Signal()

    def __init__(self, app: QApplication, name: str = "system") -> None:
        """Apply the theme ``name``, one of ``settings.THEMES``."""
        super().__init__(app)
        self._app = app
        self._name = name
        app.setStyle("Fusion")
        app.styleHints().colorSchemeChanged.connect(self._dress)
        self._dress()

    @property
    def is_dark(self) -> bool:
        """Whether the dark palette is in use."""
        if self._name == "system":
            return self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self._name == "dark"

    def use(self, name: str) -> None:
        """Apply another theme, one of ``settings.THEMES``."""
        self._name = name
        self._dress()

    def _dress(self) -> None:
        focused = self._app.focusWidget()
        # Remove the style sheet first, because it would keep the colours that it was resolved with.
        self._app.setStyleSheet("")
        self._app.setPalette(palette(is_dark=self.is_dark))
        self._app.setStyleSheet(style_sheet())
        if focused is not None and focused is not self._app.focusWidget():
            # A dialog's buttons are laid out again after a change of style, and lose the focus.
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self.changed.emit()


def palette(*, is_dark: bool) -> QPalette:
    """Return the palette of the light or dark theme."""
    made = QPalette()
    for role, colour in (_DARK if is_dark else _LIGHT).items():
        made.setColor(role, QColor(colour))
    for role in _WRITTEN:
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(_DISABLED[is_dark]))
    for role in (_Role.Highlight, _Role.Accent):
        made.setColor(QPalette.ColorGroup.Disabled, role, made.color(_Role.Dark))
    return made
