"""Tests of a pane's state as it is saved between runs."""

import json
import os
from pathlib import Path

import pytest
from ui.conftest import MakeHits

from imagefinder.domain.queries import Query, Sort
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.services.cell_sizes import DEFAULT_CELL_SIZE


def test_a_pane_comes_back_as_it_was(hits: MakeHits) -> None:
    state = PaneState(
        (PictureTerm.of_file(Path("/p/海边 & 100%.jpg")), PictureTerm.of_hit(hits(1)[0])),
        "on the beach",
        Sort.DATE,
        200,
        include_hidden=True,
    )
    assert PaneState.from_json(json.loads(json.dumps(state.to_json()))) == state


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_name_that_is_no_text_is_kept_to_the_byte() -> None:
    path = Path(os.fsdecode(b"/p/caf\xe9.jpg"))
    state = PaneState((PictureTerm.of_file(path),))
    kept = json.dumps(state.to_json(), ensure_ascii=False).encode()
    assert PaneState.from_json(json.loads(kept)).terms[0].path == path


@pytest.mark.parametrize(
    "damaged",
    [
        None,
        [],
        "x",
        {"terms": 3, "text": None, "sort": "up", "cell_size": "big", "include_hidden": 1},
        {"terms": [None, {}, {"path": 5}, {"item_id": -1}, {"item_id": True}]},
        {"terms": [{"path": "\ud800"}, {"path": "a\0b"}, {"path": "a%00b"}, {"item_id": 10**30}]},
    ],
)
def test_what_is_damaged_becomes_the_default(damaged: object) -> None:
    assert PaneState.from_json(damaged) == PaneState()


def test_half_a_character_is_none() -> None:
    damaged = {"text": "cat \ud800", "terms": [{"path": "/a.jpg", "label": "\udfff"}]}
    state = PaneState.from_json(damaged)
    assert state.text == "cat ?"
    assert state.terms[0].label == "?"


def test_a_cell_size_from_elsewhere_is_kept_within_bounds() -> None:
    assert PaneState.from_json({"cell_size": 10**9}).cell_size < 1000
    assert PaneState.from_json({}).cell_size == DEFAULT_CELL_SIZE


def test_files_and_items_are_asked_for_each_in_its_way(hits: MakeHits) -> None:
    file, item = PictureTerm.of_file(Path("/p/a.jpg")), PictureTerm.of_hit(hits(3)[2])
    query = PaneState((file, item), "  sea ", include_hidden=True).query()
    assert query == Query(text="sea", images=(Path("/p/a.jpg"),), items=(3,), include_hidden=True)


def test_a_pane_is_called_after_what_it_looks_for() -> None:
    file = PictureTerm.of_file(Path("/p/cat.jpg"))
    assert PaneState().title == "New search"
    assert PaneState(text="two  dogs ").title == "two dogs"
    assert PaneState((file,), "black").title == "cat.jpg + black"
