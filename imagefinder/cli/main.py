"""Entry point of the command line. Errors are reported by one line on standard error and the exit status."""

import argparse
import errno
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import closing

from imagefinder.cli.ctrl_c import saying_goodbye_at_ctrl_c
from imagefinder.cli.exit_status import INTERRUPTED, WRONG
from imagefinder.cli.parser import WINDOW_OPTIONS, language_wanted, make_parser
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.errors import CancelledError, ImageFinderError, UsageError
from imagefinder.logs import log_to_file
from imagefinder.paths import default_places
from imagefinder.settings import Settings
from imagefinder.translation import tr, use_language

_LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window or run one command; return the exit status (see ``exit_status``)."""
    with closing(Terminal()) as terminal:
        return _main(sys.argv[1:] if arguments is None else list(arguments), terminal)


def _main(arguments: list[str], terminal: Terminal) -> int:
    try:
        settings = Settings.load(default_places().settings)
        use_language(language_wanted(arguments) or settings.language)
        parsed = make_parser().parse_args(arguments)
        status = _run(parsed, settings, terminal)
        sys.stdout.flush()
        return status
    except CancelledError as error:
        terminal.fail(str(error))
        return INTERRUPTED
    except ImageFinderError as error:
        terminal.fail(str(error))
        return WRONG
    except BrokenPipeError:
        # The reader of the output has closed the pipe.
        _give_up_output()
        return 0
    except Exception as error:  # noqa: BLE001 - the last handler; anything uncaught would print a traceback
        # Imported late, because it imports psutil, which a usage error does not need.
        from imagefinder.free_memory import is_out_of_memory

        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _give_up_output()
            terminal.fail(tr("The output cannot be written: its disk is full."))
        elif is_out_of_memory(error):
            terminal.fail(
                tr(
                    "The system has no more memory for this, or no more threads. Nothing indexed is lost: close other "
                    "programs, and run the same command again."
                )
            )
        else:
            _report_internal_error(error, terminal)
        return WRONG


def _run(parsed: argparse.Namespace, settings: Settings, terminal: Terminal) -> int:
    # Imported late, because help, usage errors and the window's process do not need the engine.
    if parsed.command in (None, "window"):
        from imagefinder.cli.commands.window import open_window

        return open_window(parsed)
    for option in WINDOW_OPTIONS:
        if getattr(parsed, option) is not None:
            raise UsageError(
                tr(
                    "{option} is for the window, not for {command}.",
                    option=f"--{option}",
                    command=parsed.command,
                )
            )
    # Use the same library and device as the window.
    parsed.library = parsed.library or os.environ.get("IMAGEFINDER_LIBRARY") or settings.library or None
    parsed.device = parsed.device or settings.device
    if parsed.command == "search" and not parsed.within:
        from imagefinder.numpy_threads import import_numpy_with_one_thread

        import_numpy_with_one_thread()
    from imagefinder.cli.commands.command_table import find_command

    with saying_goodbye_at_ctrl_c(terminal):
        return find_command(parsed.command)(parsed, terminal)


def _give_up_output() -> None:
    # Otherwise the buffered output would be written at exit, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_internal_error(error: Exception, terminal: Terminal) -> None:
    log = log_to_file()
    _LOG.error("unexpected", exc_info=error)
    if os.environ.get("IMAGEFINDER_DEBUG"):
        raise error
    terminal.fail(
        tr(
            "This is a mistake in imagefinder itself: {error}. Nothing indexed is lost. "
            "The details for a report are in {log}.",
            error=f"{type(error).__name__}: {error}",
            log=log,
        )
    )
