"""Tests of relevance: it compares between queries, pictures and models."""

import numpy as np
import pytest

from imagefinder.engine.search.relevance import CUT, BackgroundScores, RelevanceFunction, curve, sure
from imagefinder.store.embeddings import FloatArray, IdArray

DIMENSION = 64
SUBJECTS = 12


class Space:
    """Simulated vector space of a model: texts and pictures of some subjects, with noise."""

    def __init__(self, *, gap: float = 0.0, seed: int = 0) -> None:
        """Create a space.

        Args:
            gap: how much all texts, and all pictures, have in common, as in real models.
            seed: seed of the random vectors.
        """
        self._random = np.random.default_rng(seed)
        self._gap = gap
        self._subjects = self._noise(SUBJECTS)
        self._of_texts, self._of_pictures = self._noise(2)
        self.bank = self._with_gap(self._noise(200), self._of_texts)

    def text(self, subject: int) -> FloatArray:
        return self._with_gap(self._subjects[[subject]] + 0.5 * self._noise(1), self._of_texts)[0]

    def pictures(self, subject: int, count: int) -> FloatArray:
        return self._with_gap(self._subjects[[subject]] + 0.6 * self._noise(count), self._of_pictures)

    def unrelated(self, count: int) -> FloatArray:
        return self._with_gap(self._noise(count), self._of_pictures)

    def words(self, library: FloatArray, query: FloatArray, vectors: FloatArray) -> FloatArray:
        judge = BackgroundScores(self.bank, library).judge(query, has_words=True, pictures=0)
        assert judge is not None
        return judge.relevance(vectors)

    def _noise(self, count: int) -> FloatArray:
        return _unit(self._random.normal(size=(count, DIMENSION)))

    def _with_gap(self, vectors: FloatArray, direction: FloatArray) -> FloatArray:
        return _unit(_unit(vectors) + self._gap * direction)


def _unit(vectors: np.ndarray) -> FloatArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("gap", [0.0, 1.0, 3.0])
def test_true_hits_are_relevant_and_others_are_not_whatever_the_models_cosines_are(gap: float) -> None:
    space = Space(gap=gap)
    library = np.concatenate([space.pictures(subject, 20) for subject in range(SUBJECTS)])
    relevance = space.words(library, space.text(3), library).reshape(SUBJECTS, 20)
    assert relevance[3].min() >= CUT
    assert np.median(relevance[3]) > 0.7
    assert np.delete(relevance, 3, axis=0).mean() < 0.02


@pytest.mark.parametrize("gap", [0.0, 3.0])
def test_a_query_that_nothing_answers_gets_little_everywhere(gap: float) -> None:
    space = Space(gap=gap)
    library = space.unrelated(300)
    relevance = space.words(library, space.text(0), library)
    assert relevance.max() < sure(300)
    assert np.median(relevance) < 0.02


@pytest.mark.parametrize("count", [1, 2, 5, 60, 400])
def test_where_every_picture_is_a_true_hit_none_is_lost(count: int) -> None:
    space = Space(gap=1.0)
    library = space.pictures(5, count)
    relevance = space.words(library, space.text(5), library)
    assert relevance.max() >= sure(count)
    assert np.mean(relevance >= CUT) > 0.98


def test_one_picture_alone_that_does_not_match_is_not_relevant() -> None:
    space = Space()
    library = space.pictures(5, 1)
    assert space.words(library, space.text(6), library)[0] < CUT


def test_a_picture_that_is_near_every_query_is_not_relevant_to_each() -> None:
    space = Space(gap=1.0)
    library = space.unrelated(200)
    hub = _unit(library[:1] + 2 * space.bank.mean(axis=0))
    texts = [space.text(subject) for subject in range(SUBJECTS)]
    assert np.mean([float(hub[0] @ text) for text in texts]) > np.mean(library @ np.stack(texts).T) + 0.3
    assert max(float(space.words(library, text, hub)[0]) for text in texts) < sure(200)


def test_a_query_by_picture_is_measured_against_the_librarys_other_pictures() -> None:
    space = Space(gap=2.0)
    library = np.concatenate([space.unrelated(200), space.pictures(2, 10)])
    judge = BackgroundScores(space.bank, library).judge(space.pictures(2, 1)[0], has_words=False, pictures=1)
    assert judge is not None
    relevance = judge.relevance(library)
    assert relevance[200:].min() >= CUT
    assert np.mean(relevance[:200] >= CUT) < 0.05


def test_a_query_of_words_and_a_picture_is_measured_against_such_sums() -> None:
    space = Space(gap=1.0)
    library = np.concatenate([space.unrelated(200), space.pictures(2, 10)])
    query = _unit((space.text(2) + space.pictures(2, 1)[0])[None])[0]
    judge = BackgroundScores(space.bank, library).judge(query, has_words=True, pictures=1)
    assert judge is not None
    relevance = judge.relevance(library)
    assert relevance[200:].min() >= CUT
    assert np.mean(relevance[:200] >= CUT) < 0.05


def test_a_few_pictures_do_not_say_what_unrelated_ones_are_like() -> None:
    space = Space()
    few = BackgroundScores(space.bank, space.unrelated(49))
    assert few.judge(space.unrelated(1)[0], has_words=False, pictures=1) is None
    assert few.judge(space.text(1), has_words=True, pictures=0) is not None


def test_a_model_that_makes_the_same_of_every_text_has_no_relevance() -> None:
    space = Space()
    background = BackgroundScores(np.tile(space.bank[:1], (200, 1)), space.unrelated(50))
    assert background.judge(space.bank[0], has_words=True, pictures=0) is None


def test_copies_of_one_picture_alone_have_no_relevance_to_a_picture() -> None:
    space = Space()
    background = BackgroundScores(space.bank, np.tile(space.unrelated(1), (50, 1)))
    assert background.judge(space.unrelated(1)[0], has_words=False, pictures=1) is None


def test_relevance_grows_with_the_measure_and_stays_between_0_and_1() -> None:
    relevance = curve(np.linspace(-60, 60, 241, dtype=np.float32))
    assert (np.diff(relevance) >= 0).all()
    assert relevance[0] >= 0
    assert relevance[-1] <= 1


def test_the_best_of_many_must_be_surer_than_the_best_of_few_but_not_ever_more() -> None:
    counts = [0, 1, 10, 100, 1000, 10**6]
    wanted = [sure(count) for count in counts]
    assert wanted == sorted(wanted)
    assert wanted[0] == wanted[1] <= CUT, "a picture alone has to be relevant, no more"
    assert wanted[-1] == pytest.approx(0.5)


@pytest.fixture
def space() -> Space:
    return Space(gap=1.0)


@pytest.fixture
def library(space: Space) -> FloatArray:
    return np.concatenate([space.pictures(subject, 20) for subject in range(6)])


def _judge(space: Space, library: FloatArray) -> RelevanceFunction:
    judge = BackgroundScores(space.bank, library).judge(space.text(3), has_words=True, pictures=0)
    assert judge is not None
    return judge


def test_relevance_by_what_is_remembered_is_that_of_the_vectors(space: Space, library: FloatArray) -> None:
    judge = _judge(space, library)
    ids = np.random.default_rng(0).permutation(len(library)) + 1
    read: list[int] = []

    def vectors(wanted: IdArray) -> tuple[IdArray, FloatArray]:
        read.extend(wanted.tolist())
        found = np.sort(wanted)
        return found, library[found - 1]

    for _ in range(2):
        cosines = library[ids - 1] @ judge.query
        told = judge.relevance_of(ids, cosines, vectors)
        np.testing.assert_allclose(told, judge.relevance(library[ids - 1]), atol=1e-4)
    assert sorted(read) == sorted(ids.tolist())


def test_a_picture_has_one_relevance_whatever_others_are_judged_with_it(
    space: Space, library: FloatArray
) -> None:
    judge = _judge(space, library)
    together = judge.relevance(library)
    for first, count in ((0, 1), (3, 2), (17, 7), (50, 63)):
        some = slice(first, first + count)
        assert judge.relevance(library[some]).tolist() == together[some].tolist()
    for copies in range(1, 40):
        assert set(judge.relevance(np.repeat(library[:1], copies, axis=0)).tolist()) == {float(together[0])}


def test_an_item_without_a_vector_has_no_relevance(space: Space, library: FloatArray) -> None:
    judge = _judge(space, library)
    told = judge.relevance_of(
        np.array([1, 2]),
        np.zeros(2, np.float32),
        lambda _: (np.empty(0, np.int64), np.empty((0, 0), np.float32)),
    )
    assert told.tolist() == [0, 0]
