"""Formatting of numbers, times, sizes, paths, model names and scores in the current language."""

import os
import re
from html import escape
from pathlib import Path, PurePath

from PySide6.QtCore import QDateTime, QLocale

from imagefinder.domain.items import ItemKind
from imagefinder.domain.model_names import BUILTIN, STARTER, model_title
from imagefinder.domain.queries import Group, Hit, Sort
from imagefinder.translation import language_in_use, tr

_CONTROL = re.compile("[\x00-\x1f\x7f\u2028\u2029]")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_POINTS_TO_MM = 25.4 / 72
_FOLDER = "local-dir:"
"""Prefix that open_clip uses for the name of a model stored in a folder."""


def locale() -> QLocale:
    """Return the system's locale, or that of the current language if the system does not define one."""
    own = QLocale()
    return QLocale(language_in_use()) if own.language() == QLocale.Language.C else own


def grouped(number: int) -> str:
    """Format an integer with thousands separators, for example ``1,204``."""
    return locale().toString(number)


def per_second(rate: float) -> str:
    """Format a rate: ``21``, or ``2.4`` below ten. Further digits would only flicker."""
    return grouped(round(rate)) if rate >= 10 else locale().toString(max(rate, 0.1), "f", 1)


def time_left(seconds: float) -> str:
    """Format an estimate of the remaining time, rounded to a plausible precision."""
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
    """Format ``then`` relative to ``now``. Both are in seconds since the epoch."""
    passed = now - then
    if passed < _MINUTE:  # negative if the clock was set back
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
    """Format a path for display and copying. Undecodable bytes become replacement characters."""
    return _readable(str(path))


def tooltip(text: str) -> str:
    """Return a tooltip that shows ``text`` literally.

    Qt renders a text that looks like HTML as such, and file names may look like it.
    """
    if "<" not in text and "&lt;" not in text:
        return text
    return f'<p style="white-space: pre">{escape(text)}</p>'


def short_name(path: Path) -> str:
    """Return the last component of a path, or the whole path if it has none, as for a drive."""
    # File names may contain control characters. A line break would be painted as one.
    return _CONTROL.sub(" ", _readable(path.name or str(path)))


def short_title(name: str) -> str:
    """Return a model's name without its origin: ``ViT-B-32-256`` for ``ViT-B-32-256/datacomp_s34b_b86k``."""
    if name == STARTER:
        return tr("Starter model")
    if name == BUILTIN:
        return model_title(name)
    if name.startswith(_FOLDER):
        return PurePath(name.removeprefix(_FOLDER)).name or name
    return name.partition("/")[0] or name


def file_size(size: int) -> str:
    """Format a number of bytes in a suitable unit, for example ``3.4 MB``."""
    return locale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def changed_at(mtime_ns: int) -> str:
    """Format a modification time (nanoseconds since the epoch) as date and time."""
    return _moment(QDateTime.fromMSecsSinceEpoch(mtime_ns // 1_000_000))


def taken_at(moment: str) -> str:
    """Format a capture time given as ``YYYY-MM-DD HH:MM:SS``. Any other text is returned unchanged."""
    parsed = QDateTime.fromString(moment, "yyyy-MM-dd HH:mm:ss")
    return _moment(parsed) if parsed.isValid() else moment


def dimensions(width: int, height: int, kind: ItemKind) -> str:
    """Format the dimensions: a picture's in pixels, a page's (given in points) in millimetres.

    Returns an empty string if they are unknown.
    """
    if width <= 0 or height <= 0:
        return ""
    if kind is ItemKind.PAGE:
        across, down = (grouped(round(side * _POINTS_TO_MM)) for side in (width, height))
        return tr("{width} × {height} mm", width=across, height=down)
    return tr("{width} × {height} pixels", width=grouped(width), height=grouped(height))


def relevance(hit: Hit) -> str:
    """Format a hit's relevance as a percentage.

    Returns an empty string if the scores of its model are not calibrated.
    """
    if hit.relevance is None:
        return ""
    return tr("{percent}%", percent=grouped(round(100 * hit.relevance)))


def similarity(hit: Hit) -> str:
    """Format a hit's score (cosine), for example ``0.31``."""
    return locale().toString(hit.score, "f", 2)


def score(hit: Hit) -> str:
    """Format how well a hit matches, as shown below a thumbnail.

    This is the relevance, or the score if there is none, with a remark if words match, too.
    """
    number = relevance(hit) or locale().toString(hit.score, "f", 3)
    if hit.group is Group.WORDS:
        return tr("{percent} of the words", "looked for", percent=number)
    if hit.text_score > 0:
        return tr("{score} · words match", score=number)
    return number


def score_facts(hit: Hit) -> list[tuple[str, str]]:
    """Return captions and values that describe in detail how well a hit matches."""
    if hit.relevance is None:
        return [(tr("Score"), score(hit))]
    caption = tr("Match") if hit.group is Group.WORDS else tr("Relevance")
    facts = [(caption, score(hit))]
    return [*facts, (tr("Similarity"), similarity(hit))] if hit.score else facts


def key_fact(hit: Hit, sort: Sort) -> str:
    """Format the value by which a hit is sorted: its date, its size, or else how well it matches."""
    if sort is Sort.DATE and hit.taken_at:
        return taken_at(hit.taken_at)
    if sort is Sort.DATE and hit.mtime_ns:
        return changed_at(hit.mtime_ns)
    if sort is Sort.SIZE and hit.size:
        return file_size(hit.size)
    return score(hit)


def page(hit: Hit) -> str:
    """Return a hit's page badge, for example ``p. 3``. Empty for the picture of a file with one part."""
    if hit.parts <= 1 and hit.kind is not ItemKind.PAGE:
        return ""
    return tr("p. {number}", "short for page", number=hit.part)


def copies(hit: Hit) -> str:
    """Return the badge with the number of copies of a hit, or an empty string if there is only one."""
    return tr("%n copies", "the same file content", hit.copies) if hit.copies > 1 else ""


def tooltip_lines(hit: Hit) -> list[str]:
    """Return the lines of a hit's tooltip: its path, followed by one line for each known fact."""
    lines = [path_text(hit.path)]
    if hit.parts > 1:
        lines.append(tr("Page {number} of {parts}", number=hit.part, parts=hit.parts))
    facts = [dimensions(hit.width, hit.height, hit.kind), file_size(hit.size) if hit.size else ""]
    lines.append(" · ".join(filter(None, facts)))
    if hit.taken_at:
        lines.append(tr("Taken {moment}", moment=taken_at(hit.taken_at)))
    elif hit.mtime_ns:
        lines.append(tr("Modified {moment}", moment=changed_at(hit.mtime_ns)))
    lines.append(_score_line(hit))
    lines.append(copies(hit))
    if hit.offline:
        lines.append(tr("Its drive isn't connected."))
    if hit.gone:
        lines.append(tr("Missing: its folder was moved, renamed or deleted."))
    if hit.hidden:
        lines.append(tr("Hidden from results."))
    return [line for line in lines if line]


def _score_line(hit: Hit) -> str:
    if hit.relevance is None:
        return tr("Score {score}", score=score(hit))
    if hit.group is Group.WORDS:
        return tr("{share} found in the name or on the page", "such as 50% of the words", share=score(hit))
    return tr(
        "Relevance {relevance} · similarity {similarity}",
        relevance=score(hit),
        similarity=similarity(hit),
    )


def _moment(moment: QDateTime) -> str:
    """Format a time in the locale's short format, but with four digits for the year.

    Photographs may be from another century.
    """
    pattern = locale().dateTimeFormat(QLocale.FormatType.ShortFormat)
    if "yyyy" not in pattern:
        pattern = pattern.replace("yy", "yyyy")
    return locale().toString(moment, pattern)


def _readable(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace") if os.name == "posix" else text
