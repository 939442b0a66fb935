"""Relevance: a score from 0 to 1 that compares between queries and models.

A cosine says little by itself: 0.3 is much for one model and nothing for another, some queries are near every
picture, and some pictures ("hubs") are near every query. So a hit's cosine is measured against what *unrelated*
queries get from that very picture, in standard deviations, and that is carried to 0..1 by one logistic curve whose
constants are the same for all models. How they were found, and what the method is worth: docs/RELEVANCE.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imagefinder.engine.search.background_stats import BackgroundStats
from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.vectors.array_ops import cosines

ReadVectors = Callable[[IdArray], tuple[IdArray, FloatArray]]
"""The vectors of items that have one: ids (n,) ascending, vectors (n, dimension)."""

CUT = 0.1
"""Hits of less relevance are left out; 2.0 standard deviations. Lenient: of the true hits of held-out captions it
loses 2 to 7 % (docs/RELEVANCE.md)."""
_HALF_AT, _STEP = 3.6, 0.73
"""Standard deviations at a relevance of one half, and for each step of the logit. Unrelated pairs have 0 ± 1.1, true
ones 4.5 to 5.7 ± 1.5 with all models and photographs measured; the best of a thousand unrelated ones has about 3.6."""

_SURE_ALONE, _SURE_A_TENFOLD, _SURE_AT_MOST = 1.8, 0.5, 3.6
"""Standard deviations that the best hit needs before anything counts as found: among many pictures the best of
those that are unrelated lies higher, by about half a deviation for each tenfold of pictures (measured from 20 to
1,000 pictures)."""

_TRUSTED_AT = 50
"""Pictures of the library at which its mean is taken for half of what all pictures have in common."""
_USUAL, _STRANGE = 2.0, 3.0
"""Up to so many deviations, a query's nearness to the library as a whole is taken for its habit; beyond, for truth,
as with "dog" over nothing but dogs."""
_TRIMMED = 0.02
"""Share of the unrelated queries, at each end, that may be true of a picture ("a dog" of a dog): left out."""
_FEWEST = 50
"""Pictures of the library that say what unrelated pictures are like; with fewer, a query by picture cuts nothing: of
20 they said so little that every other query by picture gave nothing at all."""


def curve(deviations: FloatArray) -> FloatArray:
    """Relevance, 0 to 1, of measures in standard deviations; any shape, float32."""
    return np.asarray(1 / (1 + np.exp((_HALF_AT - np.asarray(deviations, np.float32)) / _STEP)), np.float32)


def sure(count: int) -> float:
    """The relevance that the best of ``count`` pictures needs so that anything counts as found."""
    tenfolds = np.log10(max(count, 1))
    deviations = min(_SURE_ALONE + _SURE_A_TENFOLD * tenfolds, _SURE_AT_MOST)
    return float(curve(np.array([deviations], np.float32))[0])


class BackgroundDistribution:
    """What unrelated queries of one kind get from pictures."""

    def __init__(self, queries: FloatArray, sample: FloatArray) -> None:
        """``queries``: (k, dimension) unit vectors; ``sample``: (n, dimension) of the library's pictures, n > 0."""
        self._mean = queries.mean(axis=0)
        self._queries = queries - self._mean
        trust = len(sample) / (len(sample) + _TRUSTED_AT)
        self._centre = trust * sample.mean(axis=0)
        self._usual = float(np.std(self._queries @ self._centre))
        self._in_columns = self._queries.T.astype(np.float64)
        self._pooled = float(self._variances(sample).mean())
        self.background_stats = BackgroundStats()
        """Of the library's pictures that were hits, or were met beforehand."""

    @property
    def is_telling(self) -> bool:
        """Whether the queries differ at all: a model that makes the same of every text cannot be measured."""
        return self._pooled > 1e-8  # a cosine's rounding, in float16, is 1e-7

    def deviations(self, query: FloatArray, vectors: FloatArray) -> FloatArray:
        """How far a query, (dimension,), stands out at each picture: (n,) for vectors (n, dimension)."""
        return self.deviations_of(query, cosines(vectors, query), self.stats_of(vectors))

    def stats_of(self, vectors: FloatArray) -> FloatArray:
        """What the queries get from pictures, (n, dimension): the mean of their cosines, and the spread that
        deviations are counted in; (n, 2)."""
        # Half its own spread, half everybody's: a picture's own alone is too noisy an estimate.
        spread = np.sqrt((self._variances(vectors) + self._pooled) / 2)
        return np.stack((cosines(vectors, self._mean), np.maximum(spread, 1e-9)), axis=1)

    def deviations_of(self, query: FloatArray, cosines: FloatArray, stats: FloatArray) -> FloatArray:
        """As ``deviations``, for pictures of which the query's cosines, (n,), and the stats, (n, 2), are known."""
        habit = float((query - self._mean) @ self._centre)
        strangeness = abs(habit) / max(self._usual, 1e-9)
        habit *= float(np.clip((_STRANGE - strangeness) / (_STRANGE - _USUAL), 0, 1))
        return np.asarray((cosines - stats[:, 0] - habit) / stats[:, 1], np.float32)

    def _variances(self, vectors: FloatArray) -> FloatArray:
        # In float64, rounded then: BLAS adds in an order that hangs on how many pictures there are, and a picture has
        # one relevance whatever others are judged with it. Twice the time of float32: 0.7 ms for 128 pictures.
        scores = np.asarray((vectors - self._centre).astype(np.float64) @ self._in_columns, np.float32)
        trimmed = max(1, int(_TRIMMED * scores.shape[1]))
        if scores.shape[1] > 3 * trimmed:
            # Sorting is vectorised (0.04 ms for 128 pictures), partitioning in two places is not (0.4 ms).
            scores = np.sort(scores, axis=1)[:, trimmed:-trimmed]
        return np.asarray(scores.var(axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class RelevanceFunction:
    """Tells the relevance of pictures to one query."""

    unrelated: BackgroundDistribution
    query: FloatArray
    """(dimension,), unit length."""

    def relevance(self, vectors: FloatArray) -> FloatArray:
        """Of pictures, (n, dimension): (n,), 0 to 1."""
        return curve(self.unrelated.deviations(self.query, vectors))

    def relevance_of(self, item_ids: IdArray, cosines: FloatArray, read: ReadVectors) -> FloatArray:
        """Of items, (n,), with their cosines, (n,), whose vectors are read where they were not met before: (n,),
        0 to 1; 0 for one that has no vector."""

        def find(missing: IdArray) -> tuple[IdArray, FloatArray]:
            found, vectors = read(missing)
            return found, self.unrelated.stats_of(vectors) if found.size else np.empty((0, 2), np.float32)

        stats = self.unrelated.background_stats.of(item_ids, find)
        return np.nan_to_num(curve(self.unrelated.deviations_of(self.query, cosines, stats)), copy=False)


class BackgroundScores:
    """What an embedder makes of unrelated queries, and a sample of a library's pictures."""

    def __init__(self, bank: FloatArray, sample: FloatArray) -> None:
        """``bank``: (k, dimension), the unrelated queries' vectors; ``sample``: (n, dimension), n > 0."""
        self._bank = bank
        self._sample = sample

    def judge(self, query: FloatArray, *, has_words: bool, pictures: int) -> RelevanceFunction | None:
        """For a query's vector, (dimension,), made of words, or of so many pictures, or of both.

        None where it cannot be told: by pictures, in a library of a few.
        """
        if pictures and len(self._sample) < _FEWEST:
            return None
        if not pictures:
            unrelated = self._words
        elif not has_words:
            unrelated = self._pictures
        else:
            unrelated = self._mixed(pictures)
        return RelevanceFunction(unrelated, query) if unrelated.is_telling else None

    def without_stats(self, item_ids: IdArray) -> IdArray:
        """Those of the items whose statistics are not known yet, so that a query by words takes longer."""
        return self._words.background_stats.unknown(item_ids)

    def learn_stats(self, item_ids: IdArray, vectors: FloatArray) -> None:
        """Work out the statistics of items, (n,), from their vectors, (n, dimension), before a query by words does."""
        if item_ids.size:
            self._words.background_stats.learn(item_ids, self._words.stats_of(vectors))

    @cached_property
    def _words(self) -> BackgroundDistribution:
        return BackgroundDistribution(self._bank, self._sample)

    @cached_property
    def _pictures(self) -> BackgroundDistribution:
        return BackgroundDistribution(self._sample, self._sample)

    def _mixed(self, pictures: int) -> BackgroundDistribution:
        # The pictures of one query resemble each other: one counted so often stands for them.
        other = np.resize(self._sample, self._bank.shape)
        queries = self._bank + np.float32(pictures) * other
        return BackgroundDistribution(queries / np.linalg.norm(queries, axis=1, keepdims=True), self._sample)
