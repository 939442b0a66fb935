"""Relevance: a number from 0 to 1 that compares between queries and models.

A cosine alone means little: 0.3 is high for one model and low for another, some queries are near every
picture, and some pictures ("hubs") are near every query. So a hit's cosine is compared with the background
scores, which *unrelated* queries get from the same picture. The difference, in standard deviations, is mapped
to 0..1 by a logistic curve whose constants are the same for all models. docs/relevance.md describes how they
were found and how well the method works.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from imagefinder.engine.search.background_stats import BackgroundStats
from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.vectors.array_ops import cosines

ReadVectors = Callable[[IdArray], tuple[IdArray, FloatArray]]
"""Function that returns ids (n,), ascending, and vectors (n, dimension) of those items that have a vector."""

CUT = 0.1
"""Relevance cutoff: hits of less relevance are only possible matches. Corresponds to 2.0 standard deviations.

It is lenient: of the true hits of held-out captions it loses 2 to 7 % (docs/relevance.md).
"""
_HALF_AT, _STEP = 3.6, 0.73
"""Standard deviations at which relevance is one half, and those that correspond to one unit of the logit.

Unrelated pairs have 0 ± 1.1 and true pairs 4.5 to 5.7 ± 1.5, with all models and photographs measured. The
best of a thousand unrelated pairs has about 3.6.
"""

_SURE_ALONE, _SURE_A_TENFOLD, _SURE_AT_MOST = 1.8, 0.5, 3.6
"""Standard deviations that the best hit must reach for anything to count as found.

The values are: for a single picture, the increase for each tenfold of pictures, and the maximum.

The best of many unrelated pictures is higher than that of few, by about half a deviation for each tenfold
(measured from 20 to 1,000 pictures).
"""

_TRUSTED_AT = 50
"""Sample size at which the sample's mean counts for half of what all pictures have in common."""
_USUAL, _STRANGE = 2.0, 3.0
"""Bounds, in deviations, for how near a query is to the whole library.

Up to the first, the nearness is attributed to the query and subtracted. From the second on, it is considered
real and kept: "dog" is truly near to a library that consists of dogs. In between it is subtracted in part.
"""
_TRIMMED = 0.02
"""Share of the bank ignored at each end.

Some of its queries may truly apply to a picture ("a dog" to a dog).
"""
_FEWEST = 50
"""Minimum sample size for judging queries by picture. With fewer, nothing is cut off.

A sample of 20 pictures says so little about unrelated pictures that every other query by picture had no
matches.
"""


def curve(deviations: FloatArray) -> FloatArray:
    """Convert standard deviations to relevance, 0 to 1; any shape, float32."""
    return np.asarray(1 / (1 + np.exp((_HALF_AT - np.asarray(deviations, np.float32)) / _STEP)), np.float32)


def sure(count: int) -> float:
    """Return the relevance that the best of ``count`` pictures must have for anything to count as found."""
    tenfolds = np.log10(max(count, 1))
    deviations = min(_SURE_ALONE + _SURE_A_TENFOLD * tenfolds, _SURE_AT_MOST)
    return float(curve(np.array([deviations], np.float32))[0])


class BackgroundDistribution:
    """Distribution of the scores that unrelated queries of one kind get on the library's pictures."""

    def __init__(self, queries: FloatArray, sample: FloatArray) -> None:
        """Compute what does not depend on a picture.

        Args:
            queries: vectors of the unrelated queries, (k, dimension), unit length.
            sample: vectors of a sample of the library, (n, dimension), n > 0.
        """
        self._mean = queries.mean(axis=0)
        self._queries = queries - self._mean
        trust = len(sample) / (len(sample) + _TRUSTED_AT)
        self._centre = trust * sample.mean(axis=0)
        self._usual = float(np.std(self._queries @ self._centre))
        self._in_columns = self._queries.T.astype(np.float64)
        self._pooled = float(self._variances(sample).mean())
        self.background_stats = BackgroundStats()
        """Cached stats of items that were hits, or whose stats were computed beforehand."""

    @property
    def is_telling(self) -> bool:
        """Whether the queries differ at all.

        A model that gives every text the same vector cannot be calibrated.
        """
        return self._pooled > 1e-8  # a cosine's rounding, in float16, is 1e-7

    def deviations(self, query: FloatArray, vectors: FloatArray) -> FloatArray:
        """Return a query's standard deviations for pictures, (n,), given their vectors, (n, dimension)."""
        return self.deviations_of(query, cosines(vectors, query), self.stats_of(vectors))

    def stats_of(self, vectors: FloatArray) -> FloatArray:
        """Return the background stats of pictures, (n, 2), from their vectors, (n, dimension).

        The columns are the mean of the queries' cosines, and the spread that serves as the unit of
        deviations.
        """
        # The average of the picture's own variance and that of all pictures, since its own alone is a noisy
        # estimate.
        spread = np.sqrt((self._variances(vectors) + self._pooled) / 2)
        return np.stack((cosines(vectors, self._mean), np.maximum(spread, 1e-9)), axis=1)

    def deviations_of(self, query: FloatArray, cosines: FloatArray, stats: FloatArray) -> FloatArray:
        """Return the same as ``deviations``, from the query's cosines, (n,), and background stats, (n, 2)."""
        habit = float((query - self._mean) @ self._centre)
        strangeness = abs(habit) / max(self._usual, 1e-9)
        habit *= float(np.clip((_STRANGE - strangeness) / (_STRANGE - _USUAL), 0, 1))
        return np.asarray((cosines - stats[:, 0] - habit) / stats[:, 1], np.float32)

    def _variances(self, vectors: FloatArray) -> FloatArray:
        # Computed in float64 and rounded. BLAS adds in an order that depends on the number of pictures, but a
        # picture's relevance must not depend on the others evaluated with it. Takes 0.7 ms for 128 pictures,
        # twice as long as float32.
        scores = np.asarray((vectors - self._centre).astype(np.float64) @ self._in_columns, np.float32)
        trimmed = max(1, int(_TRIMMED * scores.shape[1]))
        if scores.shape[1] > 3 * trimmed:
            # Sorting is vectorised (0.04 ms for 128 pictures); partitioning at two places is not (0.4 ms).
            scores = np.sort(scores, axis=1)[:, trimmed:-trimmed]
        return np.asarray(scores.var(axis=1), np.float32)


@dataclass(frozen=True, slots=True)
class RelevanceFunction:
    """Function that computes the relevance of pictures to one query."""

    unrelated: BackgroundDistribution
    query: FloatArray
    """The query's vector, (dimension,), unit length."""

    def relevance(self, vectors: FloatArray) -> FloatArray:
        """Return the relevance of pictures, (n,), 0 to 1, from their vectors, (n, dimension)."""
        return curve(self.unrelated.deviations(self.query, vectors))

    def relevance_of(self, item_ids: IdArray, cosines: FloatArray, read: ReadVectors) -> FloatArray:
        """Return the relevance of items, (n,), 0 to 1; 0 for an item without a vector.

        Args:
            item_ids: ids of the items, (n,).
            cosines: their cosines with the query, (n,).
            read: reads the vectors of items whose background stats are not cached.
        """

        def find(missing: IdArray) -> tuple[IdArray, FloatArray]:
            found, vectors = read(missing)
            return found, self.unrelated.stats_of(vectors) if found.size else np.empty((0, 2), np.float32)

        stats = self.unrelated.background_stats.of(item_ids, find)
        return np.nan_to_num(curve(self.unrelated.deviations_of(self.query, cosines, stats)), copy=False)


class BackgroundScores:
    """Bank of one embedder with a sample of a library, from which relevance functions are made."""

    def __init__(self, bank: FloatArray, sample: FloatArray) -> None:
        """Create background scores.

        Args:
            bank: vectors of the bank, (k, dimension).
            sample: vectors of a sample of the library, (n, dimension), n > 0.
        """
        self._bank = bank
        self._sample = sample

    def judge(self, query: FloatArray, *, has_words: bool, pictures: int) -> RelevanceFunction | None:
        """Return the relevance function of a query, or None if relevance cannot be measured.

        That is the case for queries by picture in a library of few pictures, and if the bank's vectors do not
        differ.

        Args:
            query: the query's vector, (dimension,).
            has_words: whether it was made from words, alone or with pictures.
            pictures: number of pictures it was made from.
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
        """Return those of the items whose background stats for queries by words are not cached."""
        return self._words.background_stats.unknown(item_ids)

    def learn_stats(self, item_ids: IdArray, vectors: FloatArray) -> None:
        """Compute and cache the stats of items for queries by words, from their vectors, (n, dimension)."""
        if item_ids.size:
            self._words.background_stats.learn(item_ids, self._words.stats_of(vectors))

    @cached_property
    def _words(self) -> BackgroundDistribution:
        return BackgroundDistribution(self._bank, self._sample)

    @cached_property
    def _pictures(self) -> BackgroundDistribution:
        return BackgroundDistribution(self._sample, self._sample)

    def _mixed(self, pictures: int) -> BackgroundDistribution:
        # The pictures of one query resemble each other, so one picture, multiplied by their number, stands
        # for them.
        other = np.resize(self._sample, self._bank.shape)
        queries = self._bank + np.float32(pictures) * other
        return BackgroundDistribution(queries / np.linalg.norm(queries, axis=1, keepdims=True), self._sample)
