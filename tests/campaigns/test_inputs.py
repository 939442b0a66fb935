"""Short forms of the campaigns on input files: a few deterministic cases of each kind."""

import random
import resource
import sys
from pathlib import Path

import pytest

from campaigns.common import Tally
from campaigns.hostile import listening, make_files, try_file, try_names
from campaigns.mutations import Mutations
from campaigns.shortages import Shortages
from campaigns.stalls import memory_race

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="campaigns look at processes as Linux shows them"
)


@pytest.fixture
def tally() -> Tally:
    return Tally()


def test_of_changed_files_none_is_lost_and_none_hurts_its_neighbours(tmp_path: Path, tally: Tally) -> None:
    campaign = Mutations(tmp_path, random.Random(3), tally)
    campaign.go(120)
    assert tally.failures == []
    assert campaign.reasons["found"] > 0
    assert len(campaign.reasons) > 3


@pytest.mark.parametrize("name", ["reaching-out.pdf", "loop-of-pages.tif", "web-page.pdf", "loop.jpg"])
def test_a_hostile_file_is_listed_or_found_beside_its_neighbours(
    name: str, tmp_path: Path, tally: Tally
) -> None:
    with listening() as listener:
        try_file(tmp_path, name, make_files(listener)[name], tally, listener)
    assert tally.failures == []


def test_strange_names_are_neither_lost_nor_obeyed_by_a_terminal(tmp_path: Path, tally: Tally) -> None:
    try_names(tmp_path / "names", tally)
    assert tally.failures == []


def test_where_the_program_has_little_address_space_no_file_is_blamed(tmp_path: Path, tally: Tally) -> None:
    Shortages(tmp_path, random.Random(1), tally, pictures=6).limit(
        "address space", resource.RLIMIT_AS, 600 << 20
    )
    assert tally.failures == []


def test_pictures_that_do_not_fit_into_memory_together_are_decoded_one_after_another(
    tmp_path: Path, tally: Tally
) -> None:
    memory_race(tmp_path, tally, free=400 << 20, side=3000, count=4)
    assert tally.failures == []
