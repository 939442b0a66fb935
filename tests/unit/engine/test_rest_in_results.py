"""What is probably irrelevant is told apart from the results, however it is paged."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from conftest import save
from fakes import picture

from imagefinder.engine.cut import Cut, Piece
from imagefinder.engine.engine import Engine
from imagefinder.engine.result_list import Answer, ResultList
from imagefinder.model.queries import Query, Sort
from imagefinder.model.sources import SourceOptions


class HalfACut:
    """Five relevant items, five others."""

    left_any_out = True

    def __init__(self, ids: list[int]) -> None:
        self._ids = np.array(ids, np.int64)

    def relevant(self) -> Iterator[Piece]:
        yield self._piece(slice(0, 3))
        yield self._piece(slice(3, 5))

    def rest(self) -> Iterator[Piece]:
        yield self._piece(slice(5, 10))

    def _piece(self, part: slice) -> Piece:
        ids = self._ids[part]
        return Piece(ids, np.full(ids.size, 0.3, np.float32), np.full(ids.size, 0.5, np.float32))


@pytest.mark.parametrize("sort", [Sort.RELEVANCE, Sort.NAME])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 100])
def test_the_rest_is_marked_on_whichever_page_it_comes(
    engine: Engine, folder: Path, sort: Sort, count: int
) -> None:
    for number in range(10):
        save(picture("red", number), folder / f"{number:02}.png")
    engine.add([folder], SourceOptions())
    ids = sorted(hit.item_id for hit in engine.search(Query("red", limit=10, include_rest=True)).hits)
    cut = cast(Cut, HalfACut(ids))
    results = ResultList(engine._store, Answer(cut, {}, False, "m", "", False, include_rest=True), sort)
    marks = []
    while results.has_more(len(marks)):
        marks += [hit.is_rest for hit in results.page(len(marks), count)]
    assert marks == [False] * 5 + [True] * 5
    assert [hit.is_rest for hit in results.page(3, 4)] == [False, False, True, True], "read again"
