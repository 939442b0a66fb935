"""Command line of the campaigns: ``python -m tests.campaigns NAME --count N --work DIR``."""

import argparse
import importlib
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the same import path as under pytest

from campaigns.common import Tally

CAMPAIGNS = ("kills", "stops", "mutations", "hostile", "shortages", "stalls")
"""Modules of this package. Each one has ``add_options(parser)`` and ``run(options, tally)``."""


def main() -> int:
    """Run one campaign. Return 1 if anything failed, otherwise 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    names = parser.add_subparsers(dest="campaign", required=True, metavar="NAME")
    for name in CAMPAIGNS:
        module = importlib.import_module(f"campaigns.{name}")
        each = names.add_parser(name, help=module.__doc__.splitlines()[0], description=module.__doc__)
        each.add_argument("--count", type=int, default=20, metavar="N", help="how many attacks (20)")
        each.add_argument("--work", type=Path, required=True, metavar="DIR", help="a folder to work in")
        each.add_argument("--seed", type=int, default=1, metavar="N", help="of all that is random (1)")
        module.add_options(each)
        each.set_defaults(run=module.run)
    options = parser.parse_args()
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    os.environ["HOME"] = str(options.work / "home")
    options.random = random.Random(options.seed)
    tally = Tally(_say)
    try:
        options.run(options, tally)
    except KeyboardInterrupt:
        _say("stopped")
    _say(tally.summary())
    return 1 if tally.failures else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
