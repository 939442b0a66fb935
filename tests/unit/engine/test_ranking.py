"""Reciprocal rank fusion, against the formula in its docstring."""

import numpy as np
import pytest

from imagefinder.engine import ranking
from imagefinder.engine.ranking import RRF_K
from imagefinder.store.text_search import TextMatch


def fuse(nearest: list[int], matches: list[TextMatch]) -> list[int]:
    ids, _ = ranking.fuse(np.array(nearest, np.int64), matches)
    return ids.tolist()


def test_without_words_the_order_by_vector_stays() -> None:
    assert fuse([5, 3, 9], []) == [5, 3, 9]


def test_without_vectors_the_order_by_words_stays() -> None:
    assert fuse([], [TextMatch(7, 1.0), TextMatch(2, 1.0), TextMatch(9, 0.5)]) == [7, 2, 9]


def test_nothing_gives_nothing() -> None:
    assert fuse([], []) == []


def test_an_item_of_both_rankings_stands_once() -> None:
    assert sorted(fuse([1, 2, 3], [TextMatch(3, 1.0), TextMatch(4, 1.0)])) == [1, 2, 3, 4]


@pytest.mark.parametrize("rank", [1, 2, 50, 200])
def test_an_item_with_all_the_words_comes_before_one_that_is_merely_near(rank: int) -> None:
    nearest = list(range(100, 100 + rank))
    assert fuse(nearest, [TextMatch(nearest[-1], 1.0)])[0] == nearest[-1]


def test_what_an_item_earns_is_the_formula() -> None:
    nearest, matches = [1, 2, 3, 4], [TextMatch(4, 0.75), TextMatch(9, 0.25), TextMatch(3, 0.1)]
    earned = {item: 1 / (RRF_K + rank) for rank, item in enumerate(nearest, 1)}
    for rank, match in enumerate(matches, 1):
        earned[match.item_id] = earned.get(match.item_id, 0) + match.relevance**2 / (RRF_K + rank)
    assert fuse(nearest, matches) == sorted(earned, key=lambda item: -earned[item])


def test_a_tie_goes_to_the_older_item() -> None:
    assert fuse([8], [TextMatch(5, 1.0)]) == [5, 8]
    assert fuse([5], [TextMatch(8, 1.0)]) == [5, 8]
