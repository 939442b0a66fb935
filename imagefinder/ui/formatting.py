"""Sizes, dates and scores in words, as the language in use writes them."""

from PySide6.QtCore import QDateTime, QLocale

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Group, Hit, Sort
from imagefinder.translation import tr
from imagefinder.ui.words import grouped, locale, path_text

_POINTS_TO_MM = 25.4 / 72


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
