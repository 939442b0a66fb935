"""Room for a window on its screen."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

_FRAME = QSize(16, 48)
"""Points that a desktop may put around a window: its title and borders."""


def stay_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen: what is beyond the edge could not be reached."""
    if not (window.isMaximized() or window.isFullScreen()):
        window.resize(window.size().boundedTo(window.screen().availableGeometry().size() - _FRAME))
