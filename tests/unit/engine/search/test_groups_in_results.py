"""Tests of result lists: each hit has its group, however the list is paged."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from conftest import save
from helpers.fakes import picture

from imagefinder.domain.queries import Group, Query, Sort
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.search.grouping import Grouping
from imagefinder.engine.search.lazy_sort import HitBatch
from imagefinder.engine.search.result_list import Answer, ResultList


class InThree:
    """Grouping of two items found by words, three matches and five others."""

    left_out: tuple[HitBatch, ...] = ()

    def __init__(self, ids: list[int]) -> None:
        self._ids = np.array(ids, np.int64)

    def groups(self) -> Iterator[tuple[Group, Iterator[HitBatch]]]:
        yield Group.WORDS, iter([self._piece(slice(0, 2))])
        yield Group.MATCH, iter([self._piece(slice(2, 4)), self._piece(slice(4, 5))])
        yield Group.POSSIBLE, iter([self._piece(slice(5, 10))])

    def _piece(self, part: slice) -> HitBatch:
        ids = self._ids[part]
        return HitBatch(ids, np.full(ids.size, 0.3, np.float32), np.full(ids.size, 0.5, np.float32))


_EXPECTED = [Group.WORDS] * 2 + [Group.MATCH] * 3 + [Group.POSSIBLE] * 5


@pytest.fixture
def ids(engine: Engine, folder: Path) -> list[int]:
    """Ids of ten items whose names count down."""
    for number in range(10):
        save(picture("red", number), folder / f"{9 - number:02}.png")
    engine.jobs.add([folder], SourceOptions())
    return sorted(hit.item_id for hit in engine.search(Query("red", limit=10, include_rest=True)).hits)


def _list(engine: Engine, ids: list[int], sort: Sort, *, include_rest: bool) -> ResultList:
    answer = Answer(cast(Grouping, InThree(ids)), {}, False, "m", "", False, include_rest=include_rest)
    return ResultList(engine._store, answer, sort)


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("count", [1, 2, 5, 6, 100])
def test_groups_stay_together_in_every_order_and_on_whichever_page_they_come(
    engine: Engine, ids: list[int], sort: Sort, count: int
) -> None:
    results = _list(engine, ids, sort, include_rest=True)
    groups: list[Group] = []
    while results.has_more(len(groups)):
        groups += [hit.group for hit in results.page(len(groups), count)]
    assert groups == _EXPECTED
    assert [hit.group for hit in results.page(3, 4)] == _EXPECTED[3:7], "read again"


def test_by_name_each_group_is_sorted_in_itself(engine: Engine, ids: list[int]) -> None:
    hits = _list(engine, ids, Sort.NAME, include_rest=True).page(0, 10)
    for group in Group:
        names = [hit.path.name for hit in hits if hit.group is group]
        assert names == sorted(names)


def test_possible_matches_are_left_out_unless_they_are_asked_for_and_that_is_said(
    engine: Engine, ids: list[int]
) -> None:
    results = _list(engine, ids, Sort.RELEVANCE, include_rest=False)
    assert [hit.group for hit in results.page(0, 100)] == _EXPECTED[:5]
    assert results.has_rest


def test_possible_matches_that_are_hidden_are_none(engine: Engine, ids: list[int]) -> None:
    engine.set_hidden(ids[5:], True)
    results = _list(engine, ids, Sort.RELEVANCE, include_rest=False)
    assert len(results.page(0, 100)) == 5
    assert not results.has_rest
