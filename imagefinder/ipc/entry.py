"""Entry point of the engine process. Light: heavy imports come once the process is set up."""

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
"""Exit status after an exception that nothing handles (EX_SOFTWARE of sysexits.h)."""

_NICE = 10
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_engine(connection: Connection, options: EngineOptions, crash_log: Path) -> None:
    """Be the engine's process until the window says stop or is gone. Never returns.

    Args:
        connection: our end of the pipe.
        options: what the user chose.
        crash_log: where the interpreter writes its trace if the process crashes.
    """
    # Ctrl-C in the terminal that the window was started from is for the window, which then stops us.
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
            # Without its message: that may name the user's files, and this goes into a report.
            traceback.print_tb(error.__traceback__, file=trace)
            trace.write(f"{type(error).__name__}\n")
            trace.flush()
    finally:
        logging.shutdown()
        # Not sys.exit: that would wait for a model that is being loaded, and take the interpreter down around it.
        os._exit(status)


def _trace_crashes_to(path: Path) -> TextIO | None:
    try:
        make_folder(path.parent)
        file = open(path, "w", encoding="utf-8", errors="backslashreplace", opener=private_opener)  # noqa: SIM115
    except OSError as error:
        # Whatever else happens, the pictures can be searched without a trace.
        _LOG.warning("no trace of a crash can be written to %s: %s", path, error)
        return None
    faulthandler.enable(file, all_threads=True)
    return file


def _limit_threads(threads: int) -> None:
    # Read by the libraries when they are imported, which has not happened yet.
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
        _LOG.info("the priority cannot be lowered: %s", error)
