"""The window's entry. Imports no Qt by itself: a machine without a screen shall read a sentence, not a trace."""

from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr
from imagefinder.ui.app.display_check import check_display
from imagefinder.ui.app.options import WindowOptions


def run(options: WindowOptions) -> int:
    """Open the window and stay until it is closed; returns the exit status.

    Raises:
        UsageError: no window can be shown here, or the picture of the window could not be taken.
    """
    check_display()
    try:
        from imagefinder.ui.app.application import Application
        from imagefinder.ui.app.qt_messages import logged_qt_messages
    except ImportError as error:
        if not (error.name or "PySide6").startswith(("PySide6", "shiboken6")):
            raise
        raise UsageError(
            tr("The window cannot be shown, because a part of Qt cannot be loaded: {reason}.", reason=error)
        ) from error
    with logged_qt_messages():
        return Application(options).run()
