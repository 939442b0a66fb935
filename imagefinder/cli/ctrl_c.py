"""Ctrl-C handling of commands outside a job. Jobs use ``job_display.interruptible``."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from imagefinder.cli.exit_status import INTERRUPTED
from imagefinder.cli.terminal import Terminal
from imagefinder.translation import tr


@contextmanager
def saying_goodbye_at_ctrl_c(terminal: Terminal) -> Iterator[None]:
    """Make Ctrl-C print one sentence and end the program at once, inside the context.

    ``__main__.end_at_ctrl_c`` explains why no KeyboardInterrupt is raised.
    """
    stopped = tr("Stopped. What was indexed is kept; run the same command again to go on.")

    def end(_number: int, _frame: FrameType | None) -> None:
        terminal.fail_at_once(stopped)
        os._exit(INTERRUPTED)

    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
