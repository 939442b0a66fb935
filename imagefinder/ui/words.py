"""Numbers, times and paths in words, as the library's side of the window says them."""

import os
import re
from html import escape
from pathlib import Path

from PySide6.QtCore import QDateTime, QLocale

from imagefinder.translation import language_in_use, tr

_CONTROL = re.compile("[\x00-\x1f\x7f\u2028\u2029]")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def locale() -> QLocale:
    """The user's own; where the system names none, the one of the language in use."""
    own = QLocale()
    return QLocale(language_in_use()) if own.language() == QLocale.Language.C else own


def grouped(number: int) -> str:
    """A whole number with its thousands told apart: 1,204."""
    return locale().toString(number)


def per_second(rate: float) -> str:
    """A rate, without digits that only flicker: 21, or 2.4."""
    return grouped(round(rate)) if rate >= 10 else locale().toString(max(rate, 0.1), "f", 1)


def time_left(seconds: float) -> str:
    """How long something takes still, as coarse as such a guess is."""
    if seconds < 10:
        return tr("a few seconds left")
    if seconds < 55:
        return tr("about {seconds} s left", seconds=10 * round(seconds / 10))
    minutes = max(1, round(seconds / _MINUTE))
    if minutes < 60:
        return tr("about {minutes} min left", minutes=minutes)
    if minutes < 600:
        hours, minutes = divmod(10 * round(minutes / 10), 60)
        if not minutes:
            return tr("about {hours} h left", hours=hours)
        return tr("about {hours} h {minutes} min left", hours=hours, minutes=minutes)
    return tr("about {hours} h left", hours=grouped(round(seconds / _HOUR)))


def time_ago(then: float, now: float) -> str:
    """When something was; both in seconds since the epoch."""
    passed = now - then
    if passed < _MINUTE:  # or a clock that was set back
        return tr("just now")
    if passed < _HOUR:
        return tr("%n minute(s) ago", "", int(passed // _MINUTE))
    if passed < _DAY:
        return tr("%n hour(s) ago", "", int(passed // _HOUR))
    if passed < 14 * _DAY:
        return tr("%n day(s) ago", "", int(passed // _DAY))
    date = QDateTime.fromSecsSinceEpoch(int(then)).date()
    return tr("on {date}", date=locale().toString(date, QLocale.FormatType.ShortFormat))


def path_text(path: Path) -> str:
    """A path as it can be shown and copied: bytes of a file's name that are no text become a mark."""
    return _readable(str(path))


def tooltip(text: str) -> str:
    """A text as a tooltip that shows it as it is: Qt takes for HTML what looks like it, as a file's name may."""
    if "<" not in text and "&lt;" not in text:
        return text
    return f'<p style="white-space: pre">{escape(text)}</p>'


def short_name(path: Path) -> str:
    """The last part of a path; the whole of one that has none, such as a drive."""
    # Names may hold anything but a slash: a line break would be painted as one.
    return _CONTROL.sub(" ", _readable(path.name or str(path)))


def _readable(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace") if os.name == "posix" else text
