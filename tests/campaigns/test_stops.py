"""Short form of the campaign of stops: one stop at each of the short acts."""

import random
import sys
from pathlib import Path

import pytest

from campaigns.common import Tally
from campaigns.stops import Stops

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="campaigns find what is left over on Linux alone"
)
_ACTS = [
    "start-up",
    "search",
    "search by picture",
    "index",
    "rescan",
    "hostile",
    "window",
    "window that indexes",
]
_IS_HUNG_S = 50.0
"""Far longer than needed, so that other work on the machine does not fail the test."""


def test_stopped_at_any_moment_the_program_ends_quietly_and_loses_nothing(tmp_path: Path) -> None:
    tally = Tally()
    stops = Stops(tmp_path, random.Random(5), tally, limit=_IS_HUNG_S, pictures=6, pages=5)
    stops.go(len(_ACTS), _ACTS)
    assert tally.failures == []
