"""Messages about files that are not read yet, shared by the commands."""

from imagefinder.api import ImageFinder
from imagefinder.domain.sources import SourceStatus
from imagefinder.translation import tr


def unread_line(finder: ImageFinder) -> str:
    """Return a sentence on files not yet read and how to continue, or an empty string if all are read."""
    count, is_walk_complete = finder.engine.unread()
    number = f"{count:,}"
    if count and is_walk_complete:
        return tr("{count} file(s) not yet read: imagefinder index goes on.", "", count, count=number)
    if count:
        return tr(
            "At least {count} file(s) not yet read: imagefinder index goes on.", "", count, count=number
        )
    if not is_walk_complete:
        return tr("The folders were not looked through to the end: imagefinder index goes on.")
    return ""


def cloud_line(count: int, stand_ins: int = 0) -> str:
    """Return a sentence on online-only files and how to read them, or an empty string if there are none.

    ``stand_ins`` is the number of these files that are placeholders, which only the cloud's own program can download.
    """
    if not count:
        return ""
    if count == stand_ins:
        return tr(
            "{count} file(s) are only in the cloud and were not read. Have the cloud's own program download them, then "
            "run imagefinder index.",
            "",
            count,
            count=f"{count:,}",
        )
    return tr(
        "{count} file(s) are only in the cloud and were not read. imagefinder index --download reads them; the "
        "cloud's own program downloads them for it.",
        "",
        count,
        count=f"{count:,}",
    )


def source_unread(entry: SourceStatus) -> str:
    """Return a note on files of one source not yet read, for use within a line, or an empty string."""
    if entry.source.offline or entry.source.gone:
        return ""
    if entry.pending:
        return tr("{count} not yet read: imagefinder index goes on", "files", count=f"{entry.pending:,}")
    return "" if entry.scan_complete else tr("not looked through to the end: imagefinder index goes on")
