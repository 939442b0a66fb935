"""Short form of the campaign of kills: one kill of each kind."""

import random
import shutil
import sys
from pathlib import Path

import pytest
from helpers.x11 import TOOLS

from campaigns.common import Tally
from campaigns.kills import Kills

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="campaigns find what is left over on Linux alone"
)
_HAS_SCREEN = all(shutil.which(tool) for tool in (*TOOLS, "openbox"))


@pytest.mark.parametrize(
    "scenario",
    # Every step of writing a checkpoint is tested in e2e/test_crash.py.
    ["index", "model", "remove", "migrate", pytest.param("checkpoint", marks=pytest.mark.slow)],
)
def test_a_library_over_which_the_program_is_killed_is_whole_in_the_end(
    scenario: str, tmp_path: Path
) -> None:
    tally = Tally()
    Kills(tmp_path, random.Random(scenario), tally, pictures=6, pages=5).go([scenario], 1)
    assert tally.failures == []


@pytest.mark.slow
@pytest.mark.skipif(not _HAS_SCREEN, reason="there is no screen, or nothing that manages windows")
def test_a_window_that_is_closed_or_killed_in_a_long_pdf_blames_nobody(tmp_path: Path) -> None:
    tally = Tally()
    Kills(tmp_path, random.Random(3), tally).go(["window"], 1)
    assert tally.failures == []
    assert any(name.startswith("window") for name in tally.counts)
