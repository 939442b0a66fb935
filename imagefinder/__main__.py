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
        from imagefinder.cli.main import main as cli_main

        return cli_main()
    except KeyboardInterrupt:  # Ctrl-C before the command has begun
        return 130


if __name__ == "__main__":
    sys.exit(main())
