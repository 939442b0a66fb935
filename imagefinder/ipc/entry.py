"""Entry point of the engine process. Heavy modules are imported only once the process is set up."""

import faulthandler
import logging
import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TextIO

from imagefinder.ipc.messages import EngineOptions
from imagefinder.logs import log_to_file
from imagefinder.numpy_threads import import_numpy_with_one_thread
from imagefinder.private_files import make_folder, private_opener
from imagefinder.translation import use_language

_LOG = logging.getLogger(__name__)

FAILED = 70
"""Exit status after an unhandled exception (EX_SOFTWARE in sysexits.h)."""

_NICE = 10
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_engine(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Run the engine process until the window stops it or is gone, then exit. Never returns.

    Args:
        connection: This process's end of the pipe.
        options: Options chosen by the user.
        crash_log: File to which the interpreter writes a traceback if the process crashes.
    """
    # Ctrl-C in the terminal is handled by the window, which then stops this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    trace = _trace_crashes_to(crash_log)
    log_to_file()
    status = FAILED
    try:
        use_language(options.language)
        _limit_threads(options.threads)
        import_numpy_with_one_thread()
        if options.low_priority:
            _let_others_go_first()
        from imagefinder.ipc.worker.server import serve

        serve(connection, options)
        status = 0
    except BaseException as error:  # noqa: BLE001 - the last chance to say why the process ends
        _LOG.critical("the engine failed", exc_info=error)
        if trace is not None:
            # Without the exception's message, which may contain file names, because this becomes part of a report.
            traceback.print_tb(error.__traceback__, file=trace)
            trace.write(f"{type(error).__name__}\n")
            trace.flush()
    finally:
        logging.shutdown()
        # Not sys.exit, which would shut down the interpreter while other threads may still be loading a model.
        os._exit(status)


def _trace_crashes_to(path: Path) -> TextIO | None:
    try:
        make_folder(path.parent)
        file = open(path, "w", encoding="utf-8", errors="backslashreplace", opener=private_opener)  # noqa: SIM115
    except OSError as error:
        # The engine works without a crash log.
        _LOG.warning("cannot write the crash log %s: %s", path, error)
        return None
    faulthandler.enable(file, all_threads=True)
    return file


def _limit_threads(threads: int) -> None:
    # The libraries read these variables on import, which has not happened yet.
    if threads > 0:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))


def _let_others_go_first() -> None:
    import psutil

    try:
        if sys.platform == "win32":
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            psutil.Process().nice(_NICE)
    except (OSError, psutil.Error) as error:
        _LOG.info("cannot lower the process priority: %s", error)
