"""Answering a query: encode its terms, ask the index, join the words found, describe the hits."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imagefinder.embedders.base import Embedder, FloatArray
from imagefinder.engine.live_index import LiveIndex
from imagefinder.engine.ranking import fuse
from imagefinder.model.errors import UnreadableError, UsageError
from imagefinder.model.items import FileStat
from imagefinder.model.jobs import Phase, Progress, ProgressCallback
from imagefinder.model.queries import Hit, Query, SearchResult
from imagefinder.readers.registry import open_media
from imagefinder.store.embeddings import EmbedderRecord, IdArray
from imagefinder.store.store import Store
from imagefinder.store.text_search import TextMatch
from imagefinder.thumbnails.cache import thumbnail_key

_LEAST_DEPTH = 200
"""How many nearest items take part in the fusion at least: far enough down for word matches to meet them."""


class Searcher:
    """Answers queries over one library with one embedder. Safe to use from several threads."""

    def __init__(
        self, store: Store, embedder: Embedder, record: EmbedderRecord | None, index: LiveIndex | None
    ) -> None:
        """``record`` and ``index`` are None where the library has no vectors of this embedder."""
        self._store = store
        self._embedder = embedder
        self._record = record
        self._index = index

    def search(self, query: Query, progress: ProgressCallback) -> SearchResult:
        """Find items, best first.

        The query vector is the normalised sum of its terms' unit vectors: the text is one term, each picture
        is one. How words and vectors are joined is said in ``ranking.fuse``. What has no part of what is looked
        for, no similarity and no word, is no hit. ``progress`` is called where the model has to be loaded or
        the index to be built first.

        Raises:
            UsageError: the query is empty, one of its pictures cannot be read, or its limit is below 1.
        """
        if self._index is not None:
            self._index.refresh(
                lambda done, total: progress(Progress(Phase.BUILDING_INDEX, done, total)), may_lag=True
            )
        began = time.perf_counter()
        text = query.text.strip()
        if not text and not query.images:
            raise UsageError("Nothing to look for: give some words, or a picture.")
        if query.limit < 1:
            raise UsageError(f"A search cannot give {query.limit} hits; ask for 1 or more.")
        allowed = np.array(self._store.items.below(query.within), np.int64) if query.within else None
        vector = self._query_vector(text, query.images, progress)
        own = set() if query.include_query_images else self._own_items(query.images)
        near_ids, near_scores = self._nearest(vector, max(_LEAST_DEPTH, query.limit) + len(own), allowed)
        matches = self._matches(text, allowed)
        scores = {item_id: score for item_id, score in zip(near_ids, near_scores, strict=True) if score != 0}
        ranked = [item_id for item_id in fuse(list(scores), matches) if item_id not in own][: query.limit]
        scores |= self._scores(vector, [item_id for item_id in ranked if item_id not in scores])
        hits = self._hits(ranked, scores, {match.item_id: match.relevance for match in matches})
        took = (time.perf_counter() - began) * 1000
        return SearchResult(hits, self._embedder.name, took, self._note(text, query))

    def embed_images(self, paths: Sequence[Path]) -> FloatArray:
        """Vectors of picture files (a PDF's or TIFF's first page): (n, dimension) float32, unit length.

        Raises:
            UsageError: a file cannot be read; the message says which, and why.
        """
        batches = [
            self._embedder.encode_images([self._prepared(path) for path in paths[at : at + size]])
            for size in [self._embedder.batch_size]
            for at in range(0, len(paths), size)
        ]
        return np.concatenate([self._embedder.encode_images([]), *batches])

    def _prepared(self, path: Path) -> FloatArray:
        try:
            with open_media(path) as media:
                return self._embedder.prepare(media.load(1, self._embedder.image_side).image)
        except UnreadableError as error:
            raise UsageError(f"{path} cannot be used as a picture to search by: {error}.") from error

    def _query_vector(
        self, text: str, images: Sequence[Path], progress: ProgressCallback
    ) -> FloatArray | None:
        terms = [self._known_vector(path) for path in images]
        unknown = [path for path, vector in zip(images, terms, strict=True) if vector is None]
        if (unknown or text) and not self._embedder.is_loaded:
            progress(Progress(Phase.LOADING_MODEL, 0, None))
        fresh = iter(self.embed_images(unknown)) if unknown else iter(())
        vectors = [vector if vector is not None else next(fresh) for vector in terms]
        if text and self._embedder.understands(text):
            vectors.append(self._embedder.encode_texts([text])[0])
        if not vectors:
            return None
        total: FloatArray = np.sum(np.stack(vectors), axis=0, dtype=np.float32)
        length = np.float32(max(float(np.linalg.norm(total)), 1e-12))
        return np.divide(total, length, dtype=np.float32)

    def _known_vector(self, path: Path) -> FloatArray | None:
        """The stored vector of a picture that is in the library and as it was: nothing has to be computed."""
        if self._record is None:
            return None
        file = self._store.files.by_path(str(path), self._record.id)
        if file is None:
            return None
        try:
            status = path.stat()
        except OSError:
            # On a drive that is away: it is known as it was.
            pass
        else:
            if not file.is_as_on_disk(FileStat(str(path), status.st_size, status.st_mtime_ns)):
                return None
        item_id = self._store.items.id_of(file.id, 1)
        if item_id is None:
            return None
        _, vectors = self._store.embeddings.read(self._record.id, [item_id])
        return vectors[0] if len(vectors) else None

    def _own_items(self, images: Sequence[Path]) -> set[int]:
        files = (self._store.files.by_path(str(path), embedder_id=0) for path in images)
        ids = (self._store.items.id_of(file.id, 1) for file in files if file is not None)
        return {item_id for item_id in ids if item_id is not None}

    def _nearest(
        self, vector: FloatArray | None, k: int, allowed: IdArray | None
    ) -> tuple[list[int], list[float]]:
        if vector is None or self._index is None:
            return [], []
        ids, scores = self._index.search(vector, k, allowed)
        return ids.tolist(), scores.tolist()

    def _matches(self, text: str, allowed: IdArray | None) -> list[TextMatch]:
        matches = self._store.texts.search(text) if text else []
        if allowed is None:
            return matches
        within = set(allowed.tolist())
        return [match for match in matches if match.item_id in within]

    def _scores(self, vector: FloatArray | None, item_ids: list[int]) -> dict[int, float]:
        if vector is None or self._record is None or not item_ids:
            return {}
        ids, vectors = self._store.embeddings.read(self._record.id, item_ids)
        if not ids.size:
            return {}
        return dict(zip(ids.tolist(), (vectors @ vector).tolist(), strict=True))

    def _hits(
        self, ranked: list[int], scores: dict[int, float], relevance: dict[int, float]
    ) -> tuple[Hit, ...]:
        records = self._store.items.records(ranked)
        return tuple(
            Hit(
                item_id=item_id,
                path=record.path,
                part=record.part,
                parts=record.parts,
                score=scores.get(item_id, 0.0),
                kind=record.kind,
                text_score=relevance.get(item_id, 0.0),
                offline=record.offline,
                thumbnail_key=thumbnail_key(record.hash, record.part),
            )
            for item_id in ranked
            if (record := records.get(item_id)) is not None
        )

    def _note(self, text: str, query: Query) -> str:
        if self._record is None and self._store.items.count():
            return (
                f"Nothing is indexed with the model {self._embedder.name} yet, so only file names and page text "
                f"were searched. Run: imagefinder --model {self._embedder.name} index"
            )
        unknown = self._embedder.unknown_words(text)
        if unknown and self._embedder.understands(text):
            words = ", ".join(dict.fromkeys(unknown))
            return (
                f"The model {self._embedder.name} does not know: {words}. "
                "For that, only file names and page text were searched."
            )
        if text and not self._embedder.understands(text):
            what = "the pictures given, file names" if query.images else "file names"
            return f"The model {self._embedder.name} does not know these words: {what} and page text were searched."
        return ""
