"""Tests of grouping: each hit is in one group, and displayed relevance never rises within a group."""

from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagefinder.domain.queries import Group
from imagefinder.engine.search import grouping as grouping_module
from imagefinder.engine.search.grouping import Grouping, RelevanceScale
from imagefinder.engine.search.lazy_sort import HitBatch, joined
from imagefinder.engine.search.relevance import CUT
from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.store.text_search import TextMatch

Found = dict[Group, list[int]]


class Library:
    """Items 1, 2, 3 ... by descending cosine, with the given relevance. Other items have no vector."""

    def __init__(self, relevance: list[float], piece: int = 5) -> None:
        self.relevance = np.array(relevance, np.float32)
        self.scores = np.linspace(0.9, -0.8, len(relevance), dtype=np.float32)
        self.read = 0
        self._piece = piece

    def nearest_first(self) -> Iterator[tuple[IdArray, FloatArray]]:
        for start in range(0, self.relevance.size, self._piece):
            now = slice(start, min(start + self._piece, self.relevance.size))
            self.read = now.stop
            yield np.arange(now.start, now.stop) + 1, self.scores[now]

    def cosines(self, ids: IdArray) -> FloatArray:
        return self._of(self.scores, ids)

    def grouping(
        self,
        *,
        words: Mapping[int, float] | None = None,
        sure: float | None = 0.5,
        is_calibrated: bool = True,
        min_score: float | None = None,
        never: tuple[int, ...] = (),
    ) -> Grouping:
        matches = [TextMatch(item, share) for item, share in (words or {}).items()]
        measure = (
            RelevanceScale(lambda ids, _: self._of(self.relevance, ids), sure) if is_calibrated else None
        )
        return Grouping(self.nearest_first(), matches, self.cosines, measure, min_score, never)

    def _of(self, values: FloatArray, ids: IdArray) -> FloatArray:
        padded = np.append(values, np.float32(0))
        return padded[np.minimum(ids - 1, values.size)]


def _read(grouping: Grouping) -> list[tuple[Group, HitBatch]]:
    """Return the hits of each group that has any, in display order."""
    read = ((group, joined(pieces)) for group, pieces in grouping.groups())
    return [(group, hits) for group, hits in read if hits.ids.size]


def _found(grouping: Grouping) -> Found:
    return {group: hits.ids.tolist() for group, hits in _read(grouping)}


def test_matches_come_by_falling_relevance_whatever_their_cosines_and_possible_ones_after_them() -> None:
    found = _found(Library([0.3, 0.05, 0.7, 0.01, 0.9, 0.08, 0.2]).grouping())
    assert found == {Group.MATCH: [5, 3, 1, 7], Group.POSSIBLE: [6, 2, 4]}


def test_where_even_the_best_is_not_sure_nothing_counts_as_found() -> None:
    found = _found(Library([0.3, 0.2, 0.4, 0.0]).grouping(sure=0.5))
    assert found == {Group.POSSIBLE: [3, 1, 2, 4]}


def test_to_a_picture_no_hit_has_to_be_sure() -> None:
    found = _found(Library([0.2, 0.05, 0.3, 0.0]).grouping(sure=None))
    assert found == {Group.MATCH: [3, 1], Group.POSSIBLE: [2, 4]}


def test_where_nothing_stands_out_to_a_picture_everything_matches_by_its_cosine() -> None:
    library = Library([0.09, 0.05, 0.0, 0.01, *[0.0] * 124, 0.9], piece=200)
    read = _read(library.grouping(sure=None))
    assert [(group, hits.ids.tolist()) for group, hits in read] == [(Group.MATCH, list(range(1, 130)))]
    assert read[0][1].relevance is None


def test_what_is_found_by_words_alone_stands_by_how_many_of_them_it_holds() -> None:
    grouping = Library([0.9, 0.0, 0.6, 0.01]).grouping(words={9: 0.75, 4: 0.5})
    read = _read(grouping)
    assert [(group, piece.ids.tolist()) for group, piece in read] == [
        (Group.MATCH, [1, 3]),
        (Group.WORDS, [9, 4]),
        (Group.POSSIBLE, [2]),
    ]
    words = read[1][1]
    assert words.shown.tolist() == [0.75, 0.5]
    assert words.scores.tolist() == [0.0, pytest.approx(-0.8)]


def test_one_that_holds_all_the_words_puts_its_group_first() -> None:
    grouping = Library([0.9, 0.0, 0.6, 0.01]).grouping(words={4: 1.0, 9: 0.5})
    assert _found(grouping) == {Group.WORDS: [4, 9], Group.MATCH: [1, 3], Group.POSSIBLE: [2]}


def test_a_match_that_holds_the_words_is_a_match_with_the_relevance_of_its_picture() -> None:
    read = _read(Library([0.9, 0.8, 0.3, 0.01]).grouping(words={3: 1.0, 9: 0.5}))
    assert [(group, piece.ids.tolist()) for group, piece in read] == [
        (Group.MATCH, [1, 2, 3]),
        (Group.WORDS, [9]),
        (Group.POSSIBLE, [4]),
    ]
    assert read[0][1].shown.tolist() == pytest.approx([0.9, 0.8, 0.3])


def test_a_match_with_words_far_below_the_last_that_was_judged_is_a_match_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouping_module, "IRRELEVANT_IN_A_ROW", 10)
    library = Library([0.9, *[0.0] * 200, 0.7])
    assert _found(library.grouping(words={202: 1.0}))[Group.MATCH] == [1, 202]


def test_words_make_no_other_hit_sure() -> None:
    found = _found(Library([0.0, 0.3, 0.3]).grouping(words={1: 1.0}))
    assert found == {Group.WORDS: [1], Group.POSSIBLE: [2, 3]}


def test_too_few_words_leave_an_item_where_its_picture_puts_it() -> None:
    found = _found(Library([0.9, 0.0, 0.05]).grouping(words={3: 0.25, 9: 0.25}))
    assert found == {Group.MATCH: [1], Group.POSSIBLE: [3, 2, 9]}


def test_a_long_run_of_irrelevant_hits_ends_the_matches_and_no_more_is_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(grouping_module, "IRRELEVANT_IN_A_ROW", 10)
    library = Library([0.9, *[0.0] * 15, 0.9, *[0.0] * 97])
    groups = library.grouping().groups()
    group, pieces = next(groups)
    assert (group, [piece.ids.tolist() for piece in pieces]) == (Group.MATCH, [[1]])
    assert library.read == 15
    assert sorted(_found(library.grouping())[Group.POSSIBLE]) == list(range(2, 115))


def test_a_relevant_hit_starts_the_count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping_module, "IRRELEVANT_IN_A_ROW", 10)
    found = _found(Library([0.9, *[0.0] * 7, 0.8, *[0.0] * 7, 0.7, 0.0]).grouping())
    assert found[Group.MATCH] == [1, 9, 17]


def test_with_a_least_score_the_cosine_alone_decides_and_nothing_else_is_possible() -> None:
    library = Library([0.0, 0.9, 0.1, 0.9, 0.9])
    grouping = library.grouping(min_score=float(library.scores[2]), words={5: 1.0})
    read = _read(grouping)
    assert [(group, piece.ids.tolist()) for group, piece in read] == [(Group.MATCH, [2, 3, 1])]
    assert read[0][1].relevance is not None


def test_without_a_measure_every_picture_matches_by_its_cosine() -> None:
    read = _read(Library([0.0] * 12).grouping(is_calibrated=False, words={3: 1.0, 5: 0.5}))
    assert [(group, hits.ids.tolist()) for group, hits in read] == [(Group.MATCH, list(range(1, 13)))]
    assert read[0][1].relevance is None


def test_without_a_measure_a_name_is_not_lost_far_down_and_what_has_no_vector_is_found_by_words() -> None:
    library = Library([0.0] * 300)
    found = _found(library.grouping(is_calibrated=False, words={2: 1.0, 300: 1.0, 280: 0.5, 999: 0.5}))
    assert list(found) == [Group.WORDS, Group.MATCH]
    assert found[Group.WORDS] == [300, 999]
    assert found[Group.MATCH] == list(range(1, 300))


def test_the_querys_own_picture_is_no_hit_and_makes_no_other_sure() -> None:
    found = _found(Library([1.0, 0.3, 0.2]).grouping(never=(1,), words={1: 1.0}))
    assert found == {Group.POSSIBLE: [2, 3]}


def test_what_was_left_out_so_far_is_told_before_the_possible_ones_are_read() -> None:
    grouping = Library([0.9, 0.0, 0.0]).grouping(words={3: 1.0})
    groups = grouping.groups()
    for _ in range(2):
        list(next(groups)[1])
    assert [piece.ids.tolist() for piece in grouping.left_out] == [[2]]


def test_few_are_judged_at_first_and_no_more_in_vain_than_were_judged_before() -> None:
    asked: list[int] = []
    library = Library([1.0] * 4000, piece=4000)

    def relevance(ids: IdArray, cosines: FloatArray) -> FloatArray:
        asked.append(ids.size)
        return np.ones(ids.size, np.float32)

    groups = Grouping(
        library.nearest_first(), [], library.cosines, RelevanceScale(relevance, sure=0.5)
    ).groups()
    _, pieces = next(groups)
    assert next(pieces).ids.size >= 256
    assert asked == [128, 128, 256]
    assert sum(piece.ids.size for piece in pieces) + 256 >= 3744
    assert asked == [128, 128, 256, 512, 1024, 1024, 928]


_Share = st.sampled_from([0.25, 0.5, 0.75, 1.0])


@settings(max_examples=300, deadline=None)
@given(
    relevance=st.lists(st.floats(0, 0.5, width=32), max_size=120),
    words=st.dictionaries(st.integers(1, 130), _Share, max_size=12),
    piece=st.sampled_from([1, 7, 400]),
    sure=st.sampled_from([None, 0.0, 0.2]),
    is_calibrated=st.booleans(),
    window=st.sampled_from([4, 16, 512]),
)
def test_every_hit_stands_once_in_its_group_and_what_is_shown_never_rises(
    relevance: list[float],
    words: dict[int, float],
    piece: int,
    sure: float | None,
    is_calibrated: bool,
    window: int,
) -> None:
    library = Library(relevance, piece)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping_module, "_FIRST", 3)
        patch.setattr(grouping_module, "_AT_MOST", 11)
        patch.setattr(grouping_module, "_WINDOW", window)
        patch.setattr(grouping_module, "IRRELEVANT_IN_A_ROW", 20)
        by_share = dict(sorted(words.items(), key=lambda word: -word[1]))
        read = _read(library.grouping(words=by_share, sure=sure, is_calibrated=is_calibrated))
    found = dict(read)
    assert len(found) == len(read), "contiguous"
    items = [item for hits in found.values() for item in hits.ids.tolist()]
    assert sorted(items) == sorted({*range(1, len(relevance) + 1), *words})

    holds_all = Group.WORDS in found and found[Group.WORDS].shown[0] == 1
    order = [Group.WORDS, Group.MATCH] if holds_all else [Group.MATCH, Group.WORDS]
    assert list(found) == [group for group in (*order, Group.POSSIBLE) if group in found]

    for hits in found.values():
        assert (np.diff(hits.shown) <= 0).all()
    if Group.WORDS in found:
        hits = found[Group.WORDS]
        assert hits.shown.tolist() == [words[item] for item in hits.ids.tolist()]
    if Group.MATCH in found and (shown := found[Group.MATCH].relevance) is not None:
        assert (shown >= CUT).all()
        assert (shown <= library.relevance[found[Group.MATCH].ids - 1]).all(), (
            "never said to be more relevant"
        )
