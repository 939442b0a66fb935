"""``imagefinder`` and ``python -m imagefinder``."""

import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    if hasattr(sys, "frozen"):
        import multiprocessing

        # First of all: a frozen program without this starts itself for ever.
        multiprocessing.freeze_support()

        from imagefinder.isolation.starting import run_if_decoder

        run_if_decoder(sys.argv)
    try:
        end_at_ctrl_c()

        from imagefinder.cli.main import main as cli_main

        return cli_main()
    except KeyboardInterrupt:  # before the first line took effect
        return 130


def end_at_ctrl_c() -> None:
    """Have Ctrl-C end the program at once, without a word, wherever nothing else is said of it.

    A KeyboardInterrupt may be raised in the midst of an import or at the interpreter's end, where libraries print a
    traceback or crash (PySide6 does). What is stored is safe against an end at any moment.
    """
    import os
    import signal

    # Who starts the program with Ctrl-C ignored, as ``nohup`` and ``&`` in scripts do, wants that to stay so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(130))


if __name__ == "__main__":
    sys.exit(main())
