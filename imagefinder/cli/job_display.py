"""Indexing jobs in the foreground, with progress bar, Ctrl-C handling and summary."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from imagefinder.api import ImageFinder
from imagefinder.cli.exit_status import INTERRUPTED
from imagefinder.cli.terminal import Terminal, summary
from imagefinder.cli.unread import cloud_line, unread_line
from imagefinder.domain.errors import CancelledError, ImageFinderError, LibraryInUseError, UsageError
from imagefinder.domain.jobs import (
    IndexReport,
    Progress,
    ProgressCallback,
    passed_over_text,
    unmatched_text,
)
from imagefinder.embedders.model_registry import advice
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.translation import tr

_ENDS_IN_S = 2.0

Job = Callable[[ProgressCallback, CancelToken], IndexReport]


def run_job(finder: ImageFinder, terminal: Terminal, job: Job, *, only_news: bool = False) -> None:
    """Run a job and print a summary.

    With ``only_news``, the summary is omitted if nothing changed. Online-only files are always reported, and after an
    incomplete job, unread files too.

    Raises:
        CancelledError: The user stopped the job.
        ImageFinderError: The job failed. The message includes the number of files not yet read.
    """
    before = finder.engine.embedder
    began = time.monotonic()
    has_committed = threading.Event()
    with (
        _saying_what_is_unread(finder),
        interruptible(has_committed.is_set) as cancel,
        terminal.progress() as show,
        terminal.native_chatter_silenced(),
    ):

        def progress(event: Progress) -> None:
            if event.items:
                has_committed.set()
            show(event)

        report = job(progress, cancel)
    done = summary(report, time.monotonic() - began)
    left = unread_line(finder)
    if report.cancelled and left:
        stopped = tr("Stopped ({done}). What was indexed is kept.", done=done)
        raise CancelledError(tr("{first} {second}", "two sentences", first=stopped, second=left))
    if report.cancelled:
        raise CancelledError(
            tr("Stopped ({done}). What was indexed is kept; run the same command again to go on.", done=done)
        )
    in_the_cloud = cloud_line(report.in_the_cloud, report.stand_ins)
    if in_the_cloud:
        terminal.say(in_the_cloud)
    if only_news and not (report.indexed or report.reused or report.removed or report.offline or report.gone):
        return
    # The job may have completed a model switch.
    embedder = finder.engine.embedder
    if embedder.name != before.name:
        terminal.say(tr("This library now uses {model}.", model=embedder.name))
    # Printed only after success, because an error must be the only line.
    if not finder.is_model_named and (advised := advice(embedder.name, finder.models_dir)):
        terminal.say(advised)
    # Asking for the device imports libraries, so do it only if the job has used them.
    model = embedder.name
    if report.indexed:
        model = tr("{model} on {device}", model=embedder.name, device=embedder.device)
    for said in (passed_over_text(report.passed_over), unmatched_text(report.unmatched_globs)):
        if said:
            terminal.say(said)
    terminal.say(f"{done} - {model}")
    for old, new in report.relocated:
        terminal.say(tr("{old} is {new} now, and was taken out of the library.", old=old, new=new))
    if left:
        # These are files of other sources, because this job has read all of its own.
        terminal.say(left)


@contextmanager
def _saying_what_is_unread(finder: ImageFinder) -> Iterator[None]:
    """Add the number of files not yet read to errors raised inside the context."""
    try:
        yield
    except KeyboardInterrupt as error:
        left = _unread_line_or_nothing(finder)
        stopped = tr("Stopped. What was indexed is kept; run the same command again to go on.")
        if left:
            stopped = tr("Stopped. What was indexed is kept.")
            stopped = tr("{first} {second}", "two sentences", first=stopped, second=left)
        raise CancelledError(stopped) from error
    except (LibraryInUseError, UsageError):  # the job had not started
        raise
    except ImageFinderError as error:
        if left := _unread_line_or_nothing(finder):
            raise type(error)(tr("{first} {second}", "two sentences", first=error, second=left)) from error
        raise


def _unread_line_or_nothing(finder: ImageFinder) -> str:
    try:
        return unread_line(finder)
    except ImageFinderError:  # the library itself cannot be read
        return ""


@contextmanager
def interruptible(is_at_work: Callable[[], bool] = lambda: True) -> Iterator[CancelToken]:
    """Give a cancel token that signals trigger inside the context. Committed work is always kept.

    The first Ctrl-C stops the job at its next safe point. A second Ctrl-C, a closed terminal or SIGTERM ends the
    program within ``_ENDS_IN_S`` seconds, whatever the job is doing.

    Args:
        is_at_work: Returns whether it is worth waiting for the next safe point. Until then, for instance while the
            model is loading or a disk does not respond, the first Ctrl-C also ends the program within ``_ENDS_IN_S``.
    """
    token = CancelToken()
    is_over = threading.Event()
    try:
        # Duplicated, because standard error may be silenced inside the context.
        stderr = os.dup(2)
    except OSError:  # standard error is closed
        stderr = -1

    def stop(number: int, _frame: FrameType | None) -> None:
        token.cancel()
        if number != signal.SIGINT or not is_at_work():
            _end_soon(is_over, stderr)
        signal.signal(number, stop_now)

    def stop_now(number: int, frame: FrameType | None) -> None:
        _end_soon(is_over, stderr)
        signal.signal(number, previous[number])
        if number == signal.SIGINT:
            signal.default_int_handler(number, frame)

    signals = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {number: signal.signal(number, stop) for number in signals}
    try:
        yield token
    finally:
        is_over.set()
        for number, handler in previous.items():
            signal.signal(number, handler)
        if stderr >= 0:
            os.close(stderr)


def _end_soon(is_over: threading.Event, stderr: int) -> None:
    """End the program after ``_ENDS_IN_S`` seconds unless the job is over by then. The library survives it."""

    def end() -> None:
        if not is_over.wait(_ENDS_IN_S):
            stopped = tr("Stopped. What was indexed is kept; run the same command again to go on.")
            with suppress(OSError):
                os.write(stderr, f"\n{stopped}\n".encode())
            os._exit(INTERRUPTED)

    threading.Thread(target=end, name="end-soon", daemon=True).start()
