"""Tests of ranking: items come nearest first, without duplicates, ranked no deeper than they are read."""

from collections.abc import Sequence

import numpy as np
import pytest

from imagefinder.engine.search import ranking
from imagefinder.engine.search.ranking import nearest_first
from imagefinder.store.embeddings import FloatArray, IdArray


class Index:
    """Index that returns items in the given order."""

    def __init__(self, ids: Sequence[int], scores: Sequence[float] | None = None) -> None:
        self.ids = np.array(ids, np.int64)
        self.scores = np.linspace(0.9, 0.1, len(ids)) if scores is None else np.array(scores)
        self.asked: list[int | None] = []

    def __call__(self, depth: int | None) -> tuple[IdArray, FloatArray]:
        self.asked.append(depth)
        return self.ids[:depth], self.scores[:depth].astype(np.float32)


@pytest.fixture(autouse=True)
def _shallow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_DEPTHS", (8, 16, None))
    monkeypatch.setattr(ranking, "_DEPTHS_WITHIN", (8, None))


def test_each_step_gives_what_the_ones_before_did_not() -> None:
    pieces = [ids.tolist() for ids, _ in nearest_first(Index(range(1, 41)), is_within=False)]
    assert pieces == [list(range(1, 9)), list(range(9, 17)), list(range(17, 41))]


def test_among_chosen_items_the_second_step_takes_all() -> None:
    pieces = [ids.tolist() for ids, _ in nearest_first(Index(range(1, 41)), is_within=True)]
    assert pieces == [list(range(1, 9)), list(range(9, 41))]


def test_nothing_is_ranked_before_it_is_read() -> None:
    index = Index(range(1, 41))
    pieces = nearest_first(index, is_within=False)
    assert index.asked == []
    next(pieces)
    assert index.asked == [8]


def test_a_small_library_is_ranked_once() -> None:
    index = Index([5, 3])
    assert [ids.tolist() for ids, _ in nearest_first(index, is_within=False)] == [[5, 3]]
    assert index.asked == [8]


def test_scores_are_the_cosines_and_what_has_no_similarity_is_left_out() -> None:
    ((ids, scores),) = nearest_first(Index([5, 3, 9], [0.5, 0.0, -0.25]), is_within=False)
    assert (ids.tolist(), scores.tolist()) == ([5, 9], [0.5, -0.25])


def test_what_a_graph_had_missed_comes_with_the_next_step() -> None:
    ids = list(range(1, 41))

    def nearest(depth: int | None) -> tuple[IdArray, FloatArray]:
        found = [each for each in ids if each != 3 or depth != 8][:depth]
        return np.array(found, np.int64), np.ones(len(found), np.float32)

    given = [each for piece, _ in nearest_first(nearest, is_within=False) for each in piece.tolist()]
    assert sorted(given) == ids
