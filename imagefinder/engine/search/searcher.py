"""Searcher: encodes a query, finds the nearest items and the words, and groups the hits."""

import time
from functools import partial
from itertools import compress

import numpy as np

from imagefinder.domain.errors import UsageError
from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.domain.library import why_empty
from imagefinder.domain.queries import Query, Sort
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.known_paths import known_form
from imagefinder.engine.search.calibration import Calibration
from imagefinder.engine.search.grouping import Grouping, RelevanceScale
from imagefinder.engine.search.query_encoder import QueryEncoder, own_items
from imagefinder.engine.search.query_vector_cache import QueryVectorCache
from imagefinder.engine.search.ranking import nearest_first
from imagefinder.engine.search.relevance import sure
from imagefinder.engine.search.result_list import Answer, ResultList
from imagefinder.isolation.decoders import Decoders
from imagefinder.store.embeddings import EmbedderRecord, IdArray
from imagefinder.store.store import Store
from imagefinder.store.text_search import TextMatch
from imagefinder.translation import join_names, tr
from imagefinder.vectors.array_ops import cosines


class Searcher:
    """Answers queries over one library with one embedder. Safe to use from several threads."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        record: EmbedderRecord | None,
        index: LiveIndex | None,
        memory: QueryVectorCache,
        decoders: Decoders,
        partial_note: str = "",
        calibration: Calibration | None = None,
    ) -> None:
        """Create a searcher.

        Args:
            store: the library's store.
            embedder: the embedder; None if it is not available yet, so that only words are searched.
            record: the embedder's record in the store; None if the library has no vectors of it.
            index: the live index; None if the library has no vectors of the embedder.
            memory: cache of query vectors of the same embedder.
            decoders: decode query pictures.
            partial_note: note for results for which the model was needed but not used.
            calibration: the embedder's calibration; None if hits are to have no relevance and nothing is cut
                off.
        """
        self._store = store
        self._embedder = embedder
        self._record = record
        self._index = index
        self._memory = memory
        self._decoders = decoders
        self._partial_note = partial_note
        self._calibration = calibration

    def start(
        self, query: Query, sort: Sort, progress: ProgressCallback, *, may_load: bool = True
    ) -> ResultList:
        """Answer a query with a list whose first hits are ranked; the others are ranked as they are read.

        ``Grouping`` describes how words and vectors are combined.

        Args:
            query: the query; its ``limit`` is ignored.
            sort: the order of hits within a group.
            progress: called before the model is loaded, and while the index is built.
            may_load: whether to wait for the model or the index. If False, an unloaded model contributes only
                vectors that the library already has, and these only if the index is ready.

        Raises:
            UsageError: the query is empty, one of its pictures cannot be read, one of its items is no longer
                in the library, or its ``min_score`` is not a cosine.
            ModelError: the model is not available.
        """
        began = time.perf_counter()
        text = query.text.strip()
        if not (text or query.images or query.items):
            raise UsageError(tr("Nothing to look for: give some words, or a picture."))
        if query.min_score is not None and not -1 <= query.min_score <= 1:  # also refuses nan
            raise UsageError(
                tr(
                    "A hit's score lies between -1 and 1, so it cannot be at least {score}.",
                    score=query.min_score,
                )
            )
        vector, is_partial = self._vector(query, progress, may_load=may_load)
        if vector is not None and self._index is not None and not (may_load or self._index.is_ready):
            # The index would have to be loaded or built.
            vector, is_partial = None, True
        if vector is not None and self._index is not None:
            self._index.refresh(
                lambda done, total: progress(Progress(Phase.BUILDING_INDEX, done, total)), may_lag=True
            )
        within = tuple(known_form(self._store, path) for path in query.within)
        allowed = self._store.items.below(within) if within else None
        matches = self._matches(text, allowed)
        words = {match.item_id: match.relevance for match in matches}
        nearest = nearest_first(partial(self._nearest, vector, allowed), is_within=allowed is not None)
        own = frozenset() if query.include_query_images else own_items(self._store, query)
        measure = self._measure(query, vector, allowed)
        cosines = partial(self._cosines, vector)
        answer = Answer(
            grouping=Grouping(nearest, matches, cosines, measure, query.min_score, own),
            words=words,
            include_hidden=query.include_hidden,
            model=self._embedder.name if self._embedder else "",
            note=self._partial_note if is_partial else self._note(text, query),
            is_partial=is_partial,
            include_rest=query.include_rest,
            within=within,
            never=own,
        )
        results = ResultList(self._store, answer, sort)
        results.has_more(0)
        results.took_ms = (time.perf_counter() - began) * 1000
        return results

    def _vector(
        self, query: Query, progress: ProgressCallback, *, may_load: bool
    ) -> tuple[FloatArray | None, bool]:
        if self._embedder is None:
            return None, True
        terms = QueryEncoder(self._store, self._embedder, self._record, self._memory, self._decoders)
        return terms.vector(query, progress, may_load=may_load)

    def _measure(
        self, query: Query, vector: FloatArray | None, allowed: IdArray | None
    ) -> RelevanceScale | None:
        if vector is None or self._index is None or self._calibration is None:
            return None
        assert self._record is not None
        assert self._embedder is not None
        background = self._calibration.background(self._record, len(self._index))
        if background is None:
            return None
        text = query.text.strip()
        pictures = len(query.images) + len(query.items)
        judge = background.judge(
            vector, has_words=bool(text) and self._embedder.understands(text), pictures=pictures
        )
        if judge is None:
            return None
        count = len(self._index) if allowed is None else allowed.size
        relevance = partial(judge.relevance_of, read=self._index.vectors)
        return RelevanceScale(relevance, sure=None if pictures else sure(count))

    def _nearest(
        self, vector: FloatArray | None, allowed: IdArray | None, depth: int | None
    ) -> tuple[IdArray, FloatArray]:
        if vector is None or self._index is None:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if depth is None:
            return self._index.rank_all(vector, allowed)
        return self._index.search(vector, depth, allowed)

    def _cosines(self, vector: FloatArray | None, item_ids: IdArray) -> FloatArray:
        scores = np.zeros(item_ids.size, np.float32)
        if vector is None or self._index is None or not item_ids.size:
            return scores
        ids, vectors = self._index.vectors(item_ids)
        if ids.size:
            by_id = np.argsort(item_ids)
            scores[by_id[np.searchsorted(item_ids, ids, sorter=by_id)]] = cosines(vectors, vector)
        return scores

    def _matches(self, text: str, allowed: IdArray | None) -> list[TextMatch]:
        matches = self._store.texts.search(text) if text else []
        if allowed is None:
            return matches
        found = np.fromiter((match.item_id for match in matches), np.int64, len(matches))
        return list(compress(matches, np.isin(found, allowed)))

    def _note(self, text: str, query: Query) -> str:
        assert self._embedder is not None
        # A library with vectors is not empty, so the store need not be queried.
        if not (self._index and len(self._index)) and not self._store.items.are_any():
            return why_empty(self._store.sources.status())
        if text and not self._store.words.is_folded():
            return tr(
                "Names and page text were indexed by an older version, so some words may be missed. The next indexing "
                "brings them up to date."
            )
        if self._record is None:
            return tr(
                "Nothing is indexed with this model yet, so only file names and page text were searched."
            )
        unknown = self._embedder.unknown_words(text)
        if unknown and self._embedder.understands(text):
            words = join_names(dict.fromkeys(unknown))
            return tr(
                "The model does not know: {words}. For that, only file names and page text were searched.",
                words=words,
            )
        if (pieces := self._embedder.pieces_of(text)) > 1:
            return tr("That is more than the model reads at once, so it was read in %n pieces.", "", pieces)
        if text and not self._embedder.understands(text) and self._embedder.is_english:
            if query.images or query.items:
                return tr(
                    "The model understands English only: the pictures given, file names and page text "
                    "were searched."
                )
            return tr("The model understands English only: file names and page text were searched.")
        if text and not self._embedder.understands(text):
            if query.images or query.items:
                return tr(
                    "The model does not know these words: the pictures given, file names and page text "
                    "were searched."
                )
            return tr("The model does not know these words: file names and page text were searched.")
        return ""
