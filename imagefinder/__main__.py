"""Entry point of ``imagefinder`` and ``python -m imagefinder``."""

import sys


def main() -> int:
    """Run the command line and return its exit status."""
    if hasattr(sys, "frozen"):
        import multiprocessing

        # This must come first: without it, a frozen program starts itself again and again.
        multiprocessing.freeze_support()

        from imagefinder.isolation.starting import run_if_decoder

        run_if_decoder(sys.argv)
    try:
        end_at_ctrl_c()

        from imagefinder.cli.main import main as cli_main

        return cli_main()
    except KeyboardInterrupt:  # raised before end_at_ctrl_c() took effect
        return 130


def end_at_ctrl_c() -> None:
    """End the program at once and silently at Ctrl-C, unless another handler is installed later.

    A KeyboardInterrupt could be raised in the middle of an import or while the interpreter exits, where
    libraries print a traceback or crash (PySide6 does). Ending at any moment is safe for the store.
    """
    import os
    import signal

    # ``nohup`` and ``&`` in scripts start the program with SIGINT ignored. It must stay ignored then.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, lambda _number, _frame: os._exit(130))


if __name__ == "__main__":
    sys.exit(main())
