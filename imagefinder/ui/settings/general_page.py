"""Settings pages for appearance and indexing."""

import os

from PySide6.QtWidgets import QCheckBox, QComboBox, QSpinBox, QWidget

from imagefinder.translation import LANGUAGES, tr
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.settings_page import SettingsPage

_MINUTES = (0, 5, 15, 30, 60, 240)


class LookPage(SettingsPage):
    """Page for theme and language."""

    def __init__(self, settings_store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(tr("Appearance"), parent)
        self.heading(tr("Appearance"))
        themes = [("system", tr("System default")), ("light", tr("Light")), ("dark", tr("Dark"))]
        self._theme = _choice(self, themes, settings_store.value.theme)
        self._theme.activated.connect(lambda: settings_store.change(theme=self._theme.currentData()))
        self.row(tr("Theme:"), self._theme)
        languages = [("", tr("System default")), *LANGUAGES.items()]
        self._language = _choice(self, languages, settings_store.value.language)
        self._language.activated.connect(lambda: settings_store.change(language=self._language.currentData()))
        self.row(tr("Language:"), self._language)


class WorkPage(SettingsPage):
    """Page for the times of rescans and the processor use of indexing."""

    def __init__(self, settings_store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(tr("Indexing", "a page of the settings"), parent)
        now = settings_store.value
        self.heading(tr("New pictures"))
        start = QCheckBox(tr("Check for new pictures when imagefinder starts"), self)
        start.setChecked(now.index_at_start)
        start.toggled.connect(lambda on: settings_store.change(index_at_start=on))
        self.wide(start)
        minutes = sorted({*_MINUTES, now.rescan_minutes})
        intervals = [
            (each, tr("Every %n minute(s)", "", each) if each else tr("Never", "interval"))
            for each in minutes
        ]
        self._interval = _choice(self, intervals, now.rescan_minutes)
        self._interval.activated.connect(
            lambda: settings_store.change(rescan_minutes=self._interval.currentData())
        )
        self.row(tr("While the window is open:"), self._interval)

        self.heading(tr("Performance"))
        priority = QCheckBox(tr("Give priority to other programs"), self)
        priority.setChecked(now.low_priority)
        priority.toggled.connect(lambda on: settings_store.change(low_priority=on))
        self.wide(priority)
        self.hint(tr("Indexing uses only spare computing power. Searching isn't slowed down."))
        self._threads = QSpinBox(self)
        self._threads.setRange(0, max(os.cpu_count() or 1, now.threads))
        self._threads.setSpecialValueText(tr("Automatic"))
        self._threads.setValue(now.threads)
        self._threads.setMinimumWidth(140)
        self._threads.valueChanged.connect(lambda value: settings_store.change(threads=value))
        self.row(tr("Processor threads:"), self._threads)
        self.hint(tr("Fewer threads keep the computer cooler and quieter."))


def _choice(
    parent: QWidget, choices: list[tuple[str, str]] | list[tuple[int, str]], now: object
) -> QComboBox:
    made = QComboBox(parent)
    made.setMinimumWidth(200)
    for value, text in choices:
        made.addItem(text, value)
    made.setCurrentIndex(made.findData(now))
    return made
