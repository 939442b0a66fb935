"""The window's settings, saved on every change."""

import logging
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from imagefinder.settings import Settings
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)


class SettingsStore(QObject):
    """Holder of the current settings, which saves them and emits changes."""

    changed = Signal(object, object)  # the previous and the new Settings
    notice = Signal(str)
    """Emitted with a sentence if the settings could not be saved."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.value = Settings.load(path)

    def change(self, **values: object) -> None:
        """Set fields of ``Settings``. If this changes any, save the settings and emit ``changed``."""
        before, now = self.value, replace(self.value, **values)  # type: ignore[arg-type]
        if now == before:
            return
        self.value = now
        try:
            now.save(self._path)
        except OSError as error:
            _LOG.warning("cannot save the settings: %s", error)
            self.notice.emit(
                tr(
                    "Your settings couldn't be saved ({reason}). They apply until you close the window.",
                    reason=error.strerror or error,
                )
            )
        self.changed.emit(before, now)
