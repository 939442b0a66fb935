"""Output of hits, tables and progress bars, as plain text if it does not go to a terminal."""

import io
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias

from imagefinder.domain.items import ItemKind
from imagefinder.domain.jobs import IndexReport, ProgressCallback, in_the_cloud_text, no_progress
from imagefinder.domain.queries import Hit, SearchResult, group_title
from imagefinder.printable import PrintableFormatter
from imagefinder.printable import printable as printable
from imagefinder.translation import join_clauses, tr

if TYPE_CHECKING:
    from rich.console import Console

_Part: TypeAlias = tuple[str, str]
"""Part of a line, and its rich style."""

_STDERR = 2
_SAYS_IT_IS_WATCHED = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""Environment variables that make rich treat a pipe as a terminal."""


class Terminal:
    """Output on standard output for results and on standard error for everything else.

    rich is imported only when needed, because importing it takes longer than a search.
    """

    def __init__(self) -> None:
        # File names may contain undecodable bytes, and characters that the terminal's encoding lacks.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        if sys.stdout is None:  # standard output is closed, or the program has no console
            sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - stays open until the program ends
        if logging.lastResort:  # handles messages logged before there is a log file
            logging.lastResort.setFormatter(PrintableFormatter())
        self._stdout = sys.stdout
        self._stderr = _own_stderr()

    @cached_property
    def out(self) -> "Console":
        """Console of rich on standard output."""
        from imagefinder.cli.console import make_console

        return make_console(self._stdout)

    @cached_property
    def _err(self) -> "Console":
        from imagefinder.cli.console import make_console

        return make_console(self._stderr)

    def close(self) -> None:
        """Close the duplicated standard error. No messages can be printed afterwards."""
        self._stderr.close()

    @contextmanager
    def native_chatter_silenced(self) -> Iterator[None]:
        """Suppress direct output of C libraries to standard error, inside the context.

        libtiff prints messages about damaged files, for instance. imagefinder reports such files in ``status``.
        """
        try:
            before = os.dup(_STDERR)
        except OSError:  # standard error is closed, so there is nothing to suppress
            yield
            return
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(before, _STDERR)
            os.close(before)

    def say(self, line: str) -> None:
        """Print one line of information on standard error."""
        self._line(self._stderr, (printable(line), "dim"))

    def fail(self, line: str) -> None:
        """Print one line about an error on standard error."""
        self._line(self._stderr, ("imagefinder: ", "bold red"), (printable(line), ""))

    def fail_at_once(self, line: str) -> None:
        """Print an error as ``fail`` does, from a signal handler.

        Writes to the descriptor directly, because the handler may have interrupted the stream or rich.
        """
        # A progress bar hides the cursor, so show it again.
        shown_cursor = "\r\x1b[?25h" if self._stderr.isatty() else ""
        with suppress(OSError):
            encoded = f"{shown_cursor}imagefinder: {printable(line)}\n".encode(
                self._stderr.encoding, "backslashreplace"
            )
            os.write(self._stderr.fileno(), encoded)

    def json(self, value: object) -> None:
        """Print one JSON object, in ASCII, so that file names do not depend on the terminal's encoding."""
        sys.stdout.write(json.dumps(value) + "\n")

    def paths(self, paths: Iterable[Path], *, null: bool) -> None:
        """Print paths as their exact bytes, or in printable form on a terminal.

        With ``null``, each path ends with a NUL byte and is always exact.
        """
        if not null and self._stdout.isatty():
            for path in paths:
                self._line(self._stdout, (printable(str(path)), ""))
            return
        sys.stdout.flush()
        end = b"\0" if null else b"\n"
        for path in paths:
            sys.stdout.buffer.write(os.fsencode(path) + end)
        sys.stdout.buffer.flush()

    def hits(self, result: SearchResult) -> None:
        """Print hits with relevance (if known), score, file and page, under a heading for each group."""
        groups = [(group, list(hits)) for group, hits in groupby(result.hits, key=lambda hit: hit.group)]
        for group, hits in groups:
            if len(groups) > 1:
                self._line(self._stdout, (group_title(group), "bold"))
            for hit in hits:
                self._line(self._stdout, *_hit_parts(hit), style="cyan")
        self._stdout.flush()

    def table(self, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """Print a table without borders."""
        from imagefinder.cli.console import print_table

        print_table(self.out, columns, (map(printable, row) for row in rows))

    def described(self, name: str, state: str, *details: str) -> None:
        """Print a name with its state, and each detail on a line below."""
        self._line(self._stdout, (printable(name), "bold"), ("  ", ""), (state, "green"))
        for detail in details:
            self._line(self._stdout, ("    " + printable(detail), "dim"))
        self._stdout.flush()

    def progress(self) -> AbstractContextManager[ProgressCallback]:
        """Show a progress bar inside the context, if standard error is a terminal."""
        if not _is_watched(self._stderr):
            return nullcontext(no_progress)
        from imagefinder.cli.progress import progress_bar

        return progress_bar(self._err)

    def _line(self, stream: TextIO, *parts: _Part, style: str = "") -> None:
        """Print one line, in ``style`` with the styles of its parts applied over it."""
        if not _is_watched(stream):
            stream.write("".join(text for text, _ in parts) + "\n")
            return
        from rich.text import Text

        (self.out if stream is self._stdout else self._err).print(Text.assemble(*parts, style=style))


def _own_stderr() -> TextIO:
    """Return a duplicate of standard error that still works while the output of C libraries is suppressed."""
    try:
        own = os.dup(_STDERR)
    except OSError:  # standard error is closed, as in a program without a console
        return Path(os.devnull).open("w")
    encoding = sys.stderr.encoding if sys.stderr else "utf-8"
    return os.fdopen(own, "w", encoding=encoding, errors="backslashreplace", buffering=1)


def _is_watched(stream: TextIO) -> bool:
    """Whether a stream is, or should be treated as, a terminal. Other streams get plain text."""
    return stream.isatty() or any(name in os.environ for name in _SAYS_IT_IS_WATCHED)


def _hit_parts(hit: Hit) -> Iterator[_Part]:
    if hit.relevance is not None:
        yield f"{hit.relevance * 100:3.0f} %  ", "bold"
    # A hit found by words alone has no cosine.
    yield (f"{hit.score:6.3f}  " if hit.score else "     -  "), ""
    yield printable(str(hit.path.parent)) + os.sep, "dim"
    yield printable(hit.path.name), "bold"
    if hit.kind is ItemKind.PAGE or hit.parts > 1:
        yield "  " + tr("page {number}", number=hit.part), "green"
    if hit.text_score:
        yield "  " + tr("(words)"), "yellow"
    if hit.offline:
        yield "  " + tr("(offline)"), "red"
    if hit.gone:
        yield "  " + tr("(no longer there)"), "red"


def summary(report: IndexReport, seconds: float) -> str:
    """Return a one-line summary of a finished job."""
    indexed = tr("{count} indexed", count=report.indexed)
    if report.items > report.indexed:
        indexed = tr("{count} indexed ({items} pictures and pages)", count=report.indexed, items=report.items)
    said = [
        report.indexed and indexed,
        report.reused and tr("{count} moved, copied or touched", count=report.reused),
        report.unchanged and tr("{count} unchanged", count=report.unchanged),
        report.unreadable and tr("{count} unreadable (see: imagefinder status)", count=report.unreadable),
        in_the_cloud_text(report.in_the_cloud),
        report.removed and tr("{count} removed", count=report.removed),
        report.offline and tr("{count} offline, kept", count=report.offline),
        report.gone and tr("{count} no longer there, kept (see: imagefinder status)", count=report.gone),
    ]
    done = join_clauses(part for part in said if part)
    # A cancelled job may not have reached any file.
    nothing = tr("nothing new indexed") if report.cancelled else tr("no pictures or PDFs found")
    return tr("{done} - {seconds} s", done=done or nothing, seconds=f"{seconds:.1f}")
