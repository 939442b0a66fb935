"""What is relevant comes first, the rest after it, and nothing is lost between them."""

from collections.abc import Iterator

import numpy as np
import pytest

from imagefinder.engine import cut as cut_module
from imagefinder.engine.cut import Cut, Measure, Piece
from imagefinder.store.embeddings import FloatArray, IdArray


class Ranking:
    """Items 1, 2, 3 ... of which each has the relevance given, in pieces."""

    def __init__(self, relevance: list[float], piece: int = 5) -> None:
        self.relevance = np.array(relevance, np.float32)
        self.scores = np.linspace(0.9, -0.9, len(relevance), dtype=np.float32)
        self.read = 0
        self._piece = piece

    def __iter__(self) -> Iterator[tuple[IdArray, FloatArray]]:
        for start in range(0, self.relevance.size, self._piece):
            now = slice(start, min(start + self._piece, self.relevance.size))
            self.read = now.stop
            yield np.arange(now.start, now.stop) + 1, self.scores[now]

    def cut(
        self,
        *,
        words: dict[int, float] | None = None,
        sure: float | None = 0.5,
        min_score: float | None = None,
        never: tuple[int, ...] = (),
    ) -> Cut:
        measure = Measure(lambda ids, _: self.relevance[ids - 1], sure)
        return Cut(iter(self), words or {}, measure, min_score, never)


def _ids(pieces: Iterator[Piece]) -> list[int]:
    return [item_id for piece in pieces for item_id in piece.ids.tolist()]


def test_the_relevant_come_first_then_the_rest_each_in_ranked_order() -> None:
    cut = Ranking([0.9, 0.05, 0.7, 0.01, 0.3, 0.02, 0.2]).cut()
    assert _ids(cut.relevant()) == [1, 3, 5, 7]
    assert cut.left_any_out
    assert _ids(cut.rest()) == [2, 4, 6]


def test_where_even_the_best_is_not_sure_nothing_counts_as_found() -> None:
    cut = Ranking([0.3, 0.2, 0.4, 0.0]).cut(sure=0.5)
    assert _ids(cut.relevant()) == []
    assert _ids(cut.rest()) == [1, 2, 3, 4]


def test_to_a_picture_no_hit_has_to_be_sure() -> None:
    cut = Ranking([0.3, 0.05, 0.2, 0.0]).cut(sure=None)
    assert _ids(cut.relevant()) == [1, 3]
    assert _ids(cut.rest()) == [2, 4]


def test_where_nothing_stands_out_to_a_picture_everything_comes_without_a_relevance() -> None:
    cut = Ranking([0.09, 0.05, 0.2, 0.0, 0.01, 0.02, 0.9], piece=2).cut(sure=None)
    pieces = list(cut.relevant())
    assert _ids(iter(pieces)) == [1, 2, 3, 4, 5, 6, 7]
    assert all(piece.relevance is None for piece in pieces)
    assert not cut.left_any_out


def test_words_in_a_name_make_a_hit_relevant_whatever_the_model_says() -> None:
    cut = Ranking([0.3, 0.0, 0.0, 0.0]).cut(words={3: 1.0, 4: 0.5})
    pieces = list(cut.relevant())
    assert _ids(iter(pieces)) == [3, 4]
    relevance = np.concatenate([piece.relevance for piece in pieces if piece.relevance is not None])
    assert relevance.tolist() == [1.0, 0.25]


def test_words_in_a_name_do_not_make_other_hits_sure() -> None:
    cut = Ranking([0.0, 0.3, 0.3]).cut(words={1: 1.0})
    assert _ids(cut.relevant()) == [1]


def test_a_long_run_of_irrelevant_hits_ends_the_list_and_no_more_is_ranked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cut_module, "IRRELEVANT_IN_A_ROW", 10)
    ranking = Ranking([0.9, *[0.0] * 15, 0.9, *[0.0] * 97])
    cut = ranking.cut()
    assert _ids(cut.relevant()) == [1]
    assert ranking.read == 15
    assert _ids(cut.rest()) == list(range(2, 115))


def test_a_relevant_hit_starts_the_count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_module, "IRRELEVANT_IN_A_ROW", 10)
    cut = Ranking([0.9, *[0.0] * 7, 0.9, *[0.0] * 7, 0.9, 0.0]).cut()
    assert _ids(cut.relevant()) == [1, 9, 17]


def test_with_a_least_score_the_cosine_alone_decides_and_there_is_no_rest() -> None:
    ranking = Ranking([0.0, 0.9, 0.0, 0.9, 0.9])
    cut = ranking.cut(min_score=float(ranking.scores[2]), words={5: 1.0})
    pieces = list(cut.relevant())
    assert _ids(iter(pieces)) == [1, 2, 3]
    assert pieces[0].relevance is not None
    assert not cut.left_any_out
    assert _ids(cut.rest()) == []


def test_without_a_measure_everything_comes() -> None:
    cut = Cut(iter(Ranking([0.0] * 12)), {}, None)
    pieces = list(cut.relevant())
    assert _ids(iter(pieces)) == list(range(1, 13))
    assert all(piece.relevance is None for piece in pieces)
    assert _ids(cut.rest()) == []


def test_the_querys_own_picture_is_no_hit_and_makes_no_other_sure() -> None:
    cut = Ranking([1.0, 0.3, 0.2]).cut(never=(1,))
    assert _ids(cut.relevant()) == []
    assert _ids(cut.rest()) == [2, 3]


def test_no_more_is_judged_in_vain_than_was_judged_before() -> None:
    asked: list[int] = []
    ranking = Ranking([1.0] * 4000, piece=4000)

    def relevance(ids: IdArray, cosines: FloatArray) -> FloatArray:
        asked.append(ids.size)
        return np.ones(ids.size, np.float32)

    cut = Cut(iter(ranking), {}, Measure(relevance, sure=0.5))
    assert _ids(cut.relevant()) == list(range(1, 4001))
    assert asked == [128, 128, 256, 512, 1024, 1024, 928]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("piece", [1, 7, 400])
def test_every_hit_comes_exactly_once(seed: int, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_module, "_FIRST", 3)
    monkeypatch.setattr(cut_module, "_AT_MOST", 11)
    monkeypatch.setattr(cut_module, "IRRELEVANT_IN_A_ROW", 20)
    cut = Ranking(np.random.default_rng(seed).uniform(0, 0.15, 300).tolist(), piece).cut(sure=0.0)
    relevant, rest = _ids(cut.relevant()), _ids(cut.rest())
    assert relevant == sorted(relevant)
    assert rest == sorted(rest)
    assert sorted(relevant + rest) == list(range(1, 301))
