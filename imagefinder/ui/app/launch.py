"""Entry point of the window.

Qt is imported only after ``check_display``, so that a computer without a screen gives an error message rather
than a traceback.
"""

from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr
from imagefinder.ui.app.display_check import check_display
from imagefinder.ui.app.options import WindowOptions


def run(options: WindowOptions) -> int:
    """Open the window, run until it is closed, and return the exit status.

    Raises:
        UsageError: No window can be shown, or the requested screenshot could not be taken.
    """
    check_display()
    try:
        from imagefinder.ui.app.application import Application
        from imagefinder.ui.app.qt_messages import logged_qt_messages
    except ImportError as error:
        if not (error.name or "PySide6").startswith(("PySide6", "shiboken6")):
            raise
        raise UsageError(
            tr("The window can't be opened: part of Qt can't be loaded ({reason}).", reason=error)
        ) from error
    with logged_qt_messages():
        return Application(options).run()
