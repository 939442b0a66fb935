"""The settings while the window is open; written whenever one changes."""

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from imagefinder.settings import Settings
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)


class SettingsStore(QObject):
    """The settings in force."""

    changed = Signal(object, object)  # Settings before, Settings now
    notice = Signal(str)

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.value = Settings.load(path)

    def change(self, **values: object) -> None:
        """Give settings other values (fields of ``Settings``), write them, and say so."""
        before, now = self.value, replace(self.value, **values)  # type: ignore[arg-type]
        if now == before:
            return
        self.value = now
        try:
            now.save(self._path)
        except OSError as error:
            _LOG.warning("the settings cannot be written: %s", error)
            self.notice.emit(
                tr(
                    "The settings cannot be kept ({reason}); they hold until the window is closed.",
                    reason=error.strerror or error,
                )
            )
        self.changed.emit(before, now)
