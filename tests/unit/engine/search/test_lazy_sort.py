"""Tests of sorting by displayed relevance while the list is still being ranked."""

from collections.abc import Iterator

import numpy as np
import pytest

from imagefinder.engine.search.lazy_sort import HitBatch, descending


def _piece(relevance: list[float], first: int = 1) -> HitBatch:
    ids = np.arange(first, first + len(relevance))
    return HitBatch(ids, np.linspace(0.9, 0.8, len(relevance), dtype=np.float32), np.float32(relevance))  # type: ignore[arg-type]


def _uncalibrated(scores: list[float], first: int = 1) -> HitBatch:
    return HitBatch(np.arange(first, first + len(scores)), np.float32(scores), None)  # type: ignore[arg-type]


def _ids(pieces: Iterator[HitBatch]) -> list[int]:
    return [item for piece in pieces for item in piece.ids.tolist()]


def test_what_one_window_holds_is_sorted_exactly() -> None:
    pieces = list(descending([_piece([0.5, 0.9, 0.1, 0.7, 0.3])]))
    assert _ids(iter(pieces)) == [2, 4, 1, 5, 3]
    shown = np.concatenate([piece.shown for piece in pieces])
    assert shown.tolist() == pytest.approx([0.9, 0.7, 0.5, 0.3, 0.1])


def test_equals_stand_by_score() -> None:
    assert _ids(descending([_piece([0.5, 0.7, 0.5, 0.7])])) == [2, 4, 1, 3]


def test_what_may_be_outdone_further_down_is_held_back() -> None:
    windows = iter([_piece([0.9, 0.2, 0.8, 0.6, 0.7, 0.3, 0.5, 0.4]), _piece([0.45, 0.35, 0.1, 0.05], 11)])
    pieces = descending(windows)
    assert next(pieces).ids.tolist() == [1, 3, 5, 4, 7]
    assert next(windows, None) is not None, "the second window is not read before it is wanted"
    whole = [_piece([0.9, 0.2, 0.8, 0.6, 0.7, 0.3, 0.5, 0.4]), _piece([0.45, 0.35, 0.1, 0.05], 11)]
    assert _ids(descending(whole)) == [1, 3, 5, 4, 7, 11, 8, 12, 6, 2, 13, 14]


def test_at_least_half_of_a_window_is_given_however_level_it_is() -> None:
    level = _piece([0.5, 0.6, 0.5, 0.9])
    assert next(descending([level, _piece([0.1], 11)])).ids.tolist() == [4, 2]


def test_a_hit_further_down_is_shown_no_higher_than_the_last_above_it() -> None:
    windows = [_piece([0.9, 0.8, 0.7, 0.6]), _piece([0.95, 0.65, 0.5, 0.1], 11)]
    pieces = list(descending(windows))
    assert _ids(iter(pieces)) == [1, 2, 3, 4, 11, 12, 13, 14]
    shown = np.concatenate([piece.shown for piece in pieces])
    assert shown.tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6, 0.6, 0.6, 0.5, 0.1])


def test_without_relevance_all_of_a_window_comes_at_once_by_its_score() -> None:
    pieces = list(descending([_uncalibrated([0.9, 0.8, 0.8]), _uncalibrated([0.85, 0.7], 11)]))
    assert [piece.ids.tolist() for piece in pieces] == [[1, 2, 3], [11, 12]]
    assert pieces[1].scores.tolist() == pytest.approx([0.8, 0.7]), "what a graph had missed stands no higher"


def test_nothing_gives_nothing() -> None:
    assert list(descending([])) == []
    assert list(descending([_piece([])])) == []
