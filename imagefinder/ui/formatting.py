"""Numbers, times, sizes, paths, models and scores as text, in the language in use."""

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
"""How open_clip begins the name of a model that is a folder."""


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


def short_title(name: str) -> str:
    """A model's name without where it is from: ``ViT-B-32-256`` of ``ViT-B-32-256/datacomp_s34b_b86k``."""
    if name == STARTER:
        return tr("Starter model")
    if name == BUILTIN:
        return model_title(name)
    if name.startswith(_FOLDER):
        return PurePath(name.removeprefix(_FOLDER)).name or name
    return name.partition("/")[0] or name


def file_size(size: int) -> str:
    """Bytes in the unit that suits, such as ``3.4 MB``."""
    return locale().formattedDataSize(size, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)


def changed_at(mtime_ns: int) -> str:
    """A file's last change (nanoseconds since the epoch) as day and time."""
    return _moment(QDateTime.fromMSecsSinceEpoch(mtime_ns // 1_000_000))


def taken_at(moment: str) -> str:
    """When a photograph was taken, from ``YYYY-MM-DD HH:MM:SS``; what is no such moment stays as it is."""
    parsed = QDateTime.fromString(moment, "yyyy-MM-dd HH:mm:ss")
    return _moment(parsed) if parsed.isValid() else moment


def dimensions(width: int, height: int, kind: ItemKind) -> str:
    """Pixels of a picture, millimetres of a page; empty where they are not known."""
    if width <= 0 or height <= 0:
        return ""
    if kind is ItemKind.PAGE:
        across, down = (grouped(round(side * _POINTS_TO_MM)) for side in (width, height))
        return tr("{width} × {height} mm", width=across, height=down)
    return tr("{width} × {height} pixels", width=grouped(width), height=grouped(height))


def relevance(hit: Hit) -> str:
    """The number its group is sorted by, such as ``92%``; empty where the model's scores are not calibrated."""
    if hit.relevance is None:
        return ""
    return tr("{percent}%", percent=grouped(round(100 * hit.relevance)))


def similarity(hit: Hit) -> str:
    """The cosine, such as ``0.31``."""
    return locale().toString(hit.score, "f", 2)


def score(hit: Hit) -> str:
    """How well it matches, as shown under a thumbnail: relevance, else the cosine; and whether the words match."""
    number = relevance(hit) or locale().toString(hit.score, "f", 3)
    if hit.group is Group.WORDS:
        return tr("{percent} of the words", "looked for", percent=number)
    if hit.text_score > 0:
        return tr("{score} · words match", score=number)
    return number


def score_facts(hit: Hit) -> list[tuple[str, str]]:
    """How well it matches, in full: captions and texts."""
    if hit.relevance is None:
        return [(tr("Score"), score(hit))]
    caption = tr("Found by") if hit.group is Group.WORDS else tr("Relevance")
    facts = [(caption, score(hit))]
    return [*facts, (tr("Similarity"), similarity(hit))] if hit.score else facts


def key_fact(hit: Hit, sort: Sort) -> str:
    """What a hit stands where it does by, in this order: its date, its size, else how well it matches."""
    if sort is Sort.DATE and hit.taken_at:
        return taken_at(hit.taken_at)
    if sort is Sort.DATE and hit.mtime_ns:
        return changed_at(hit.mtime_ns)
    if sort is Sort.SIZE and hit.size:
        return file_size(hit.size)
    return score(hit)


def page(hit: Hit) -> str:
    """The badge of a page or frame of a file with several, such as ``p. 3``; empty where there is one part."""
    if hit.parts <= 1 and hit.kind is not ItemKind.PAGE:
        return ""
    return tr("p. {number}", "short for page", number=hit.part)


def copies(hit: Hit) -> str:
    """The badge of a picture that is there several times; empty where it is there once."""
    return tr("%n copies", "the same file content", hit.copies) if hit.copies > 1 else ""


def tooltip_lines(hit: Hit) -> list[str]:
    """All that is known of a hit, a line for each fact, its path first."""
    lines = [path_text(hit.path)]
    if hit.parts > 1:
        lines.append(tr("Page {number} of {parts}", number=hit.part, parts=hit.parts))
    facts = [dimensions(hit.width, hit.height, hit.kind), file_size(hit.size) if hit.size else ""]
    lines.append(" · ".join(filter(None, facts)))
    if hit.taken_at:
        lines.append(tr("Taken {moment}", moment=taken_at(hit.taken_at)))
    elif hit.mtime_ns:
        lines.append(tr("Changed {moment}", moment=changed_at(hit.mtime_ns)))
    lines.append(_score_line(hit))
    lines.append(copies(hit))
    if hit.offline:
        lines.append(tr("Its drive is not connected now."))
    if hit.gone:
        lines.append(tr("No longer there: its folder was moved, renamed or deleted."))
    if hit.hidden:
        lines.append(tr("Hidden from results."))
    return [line for line in lines if line]


def _score_line(hit: Hit) -> str:
    if hit.relevance is None:
        return tr("Score {score}", score=score(hit))
    if hit.group is Group.WORDS:
        return tr("Has {share} in its name or on the page", "such as 50% of the words", share=score(hit))
    return tr(
        "Relevance {relevance} · similarity {similarity}",
        relevance=score(hit),
        similarity=similarity(hit),
    )


def _moment(moment: QDateTime) -> str:
    """Short, but with all of the year: photographs may be of another century."""
    pattern = locale().dateTimeFormat(QLocale.FormatType.ShortFormat)
    if "yyyy" not in pattern:
        pattern = pattern.replace("yy", "yyyy")
    return locale().toString(moment, pattern)


def _readable(text: str) -> str:
    return os.fsencode(text).decode("utf-8", "replace") if os.name == "posix" else text
