"""The command line's entry: errors become one line and an exit status."""

import errno
import logging
import os
import sys
from collections.abc import Sequence
from contextlib import closing

from imagefinder.cli.exit_status import INTERRUPTED, WRONG
from imagefinder.cli.parser import make_parser
from imagefinder.cli.terminal import Terminal
from imagefinder.logs import log_to_file
from imagefinder.model.errors import CancelledError, ImageFinderError

_LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 found, 1 nothing found, 2 something was wrong."""
    with closing(Terminal()) as terminal:
        return _main(arguments, terminal)


def _main(arguments: Sequence[str] | None, terminal: Terminal) -> int:
    parser = make_parser()
    try:
        parsed = parser.parse_args(arguments)
        if parsed.command is None:
            parser.print_help(sys.stdout)
            terminal.fail("Which command? They are listed above.")
            return WRONG
        # Late: help and a wrong call need nothing of the engine.
        from imagefinder.cli.commands import run

        status = run(parsed, terminal)
        sys.stdout.flush()
        return status
    except CancelledError as error:
        terminal.fail(str(error))
        return INTERRUPTED
    except ImageFinderError as error:
        terminal.fail(str(error))
        return WRONG
    except KeyboardInterrupt:
        terminal.fail("Stopped. What was indexed is kept; run the same command again to go on.")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough.
        _give_up_output()
        return 0
    except Exception as error:  # noqa: BLE001 - behind this there is only a traceback
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            _give_up_output()
            terminal.fail("The output cannot be written: its disk is full.")
        else:
            _confess(error, terminal)
        return WRONG


def _give_up_output() -> None:
    # What is still in the buffer would be written at exit, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _confess(error: Exception, terminal: Terminal) -> None:
    log = log_to_file()
    _LOG.error("unexpected", exc_info=error)
    if os.environ.get("IMAGEFINDER_DEBUG"):
        raise error
    terminal.fail(
        f"This is a mistake in imagefinder itself: {type(error).__name__}: {error}. Nothing indexed is lost. "
        f"The details for a report are in {log}."
    )
