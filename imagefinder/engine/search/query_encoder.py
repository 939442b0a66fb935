"""Encoding of a query as one vector, from its text, its pictures and items of the library."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from imagefinder.domain.errors import UnreadableError, UsageError
from imagefinder.domain.items import FileStat
from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.domain.queries import Query
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.engine.search.query_vector_cache import QueryVectorCache
from imagefinder.isolation.decode_limits import limits_for_queries
from imagefinder.isolation.decoders import Decoders
from imagefinder.paths import no_such_path
from imagefinder.store.embeddings import EmbedderRecord
from imagefinder.store.store import Store
from imagefinder.translation import tr

_Place = tuple[Path, int]
"""A file and the number of a part of it, from 1."""


class QueryEncoder:
    """Encoder of the terms of queries with one embedder."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        record: EmbedderRecord | None,
        memory: QueryVectorCache,
        decoders: Decoders,
    ) -> None:
        """Create an encoder.

        Args:
            store: the library's store.
            embedder: the embedder.
            record: the embedder's record in the store; None if the library has no vectors of it.
            memory: cache of query vectors of the same embedder.
            decoders: decode query pictures.
        """
        self._store = store
        self._embedder = embedder
        self._record = record
        self._memory = memory
        self._decoders = decoders

    def vector(
        self, query: Query, progress: ProgressCallback, *, may_load: bool
    ) -> tuple[FloatArray | None, bool]:
        """Return the normalised sum of the unit vectors of a query's terms, and whether terms were left out.

        The text is one term, and so is each picture and each item. Terms that have a vector in the library
        are not embedded again. The vector is None if the model understands none of the terms.

        Args:
            query: the query.
            progress: called before the model is loaded.
            may_load: if False and a tower that is needed is not loaded, use only terms with stored vectors.

        Raises:
            UsageError: a picture cannot be read, or an item is no longer in the library.
            ModelError: the model is not available.
        """
        known, unknown = self._known_vectors(query)
        text = query.text.strip()
        has_words = bool(text) and self._embedder.understands(text)
        has_to_load = (has_words and not self._embedder.is_text_loaded) or (
            bool(unknown) and not self._embedder.is_image_loaded
        )
        if has_to_load and not may_load:
            return _unit_sum(known), True
        if has_to_load:
            progress(Progress(Phase.LOADING_MODEL, 0, None))
        vectors = [*known, *map(self._remembered, unknown)]
        if has_words:
            vectors.append(self._memory.get(text, lambda: self._embedder.encode_texts([text])[0]))
        return _unit_sum(vectors), False

    def embed_images(self, paths: Iterable[Path]) -> FloatArray:
        """Return the vectors of picture files: (n, dimension) float32, unit length.

        Of a PDF or TIFF, the first page is embedded.

        Raises:
            UsageError: a file cannot be read; the message says which, and why.
        """
        return self._embed([(path, 1) for path in paths])

    def _remembered(self, place: _Place) -> FloatArray:
        path, part = place
        try:
            status = path.stat()
        except OSError:
            # Opening the file raises an error that says what is wrong.
            vector: FloatArray = self._embed([place])[0]
            return vector
        key = path, part, status.st_size, status.st_mtime_ns
        return self._memory.get(key, lambda: self._embed([place])[0])

    def _embed(self, places: Sequence[_Place]) -> FloatArray:
        size = self._embedder.batch_size
        batches = [
            self._embedder.encode_images([self._prepared(place) for place in places[at : at + size]])
            for at in range(0, len(places), size)
        ]
        return np.concatenate([self._embedder.encode_images([]), *batches])

    def _prepared(self, place: _Place) -> FloatArray:
        path, part = place
        try:
            with self._decoders.open(path, limits=limits_for_queries()) as media:
                return self._embedder.prepare(media.load(part, self._embedder.image_side).image)
        except UnreadableError as error:
            if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
                raise no_such_path(path) from error
            raise UsageError(
                tr(
                    "{path} cannot be used as a picture to search by: {reason}.",
                    path=path,
                    reason=error.reason,
                )
            ) from error

    def _known_vectors(self, query: Query) -> tuple[list[FloatArray], list[_Place]]:
        """Return stored vectors of the query's pictures and items, and the places of those without one."""
        known: list[FloatArray] = []
        unknown: list[_Place] = []
        for path in query.images:
            vector = self._stored(self._item_of(path))
            if vector is None:
                unknown.append((path, 1))
            else:
                known.append(vector)
        records = self._store.items.records(query.items)
        for item_id in query.items:
            record = records.get(item_id)
            if record is None:
                raise UsageError(
                    tr(
                        "A picture of the query is not in the library any more. Take it out of the query, "
                        "and search again."
                    )
                )
            vector = self._stored(item_id)
            if vector is None:
                unknown.append((record.path, record.part))
            else:
                known.append(vector)
        return known, unknown

    def _stored(self, item_id: int | None) -> FloatArray | None:
        if self._record is None or item_id is None:
            return None
        _, vectors = self._store.embeddings.read(self._record.id, [item_id])
        return vectors[0] if len(vectors) else None

    def _item_of(self, path: Path) -> int | None:
        """Return the id of a picture's item if the picture is in the library and unchanged, else None."""
        file = self._store.files.by_path(str(path), embedder_id=0)
        if file is None:
            return None
        try:
            status = path.stat()
        except OSError:
            # Its drive is away, so use what was indexed.
            pass
        else:
            if not file.is_as_on_disk(FileStat.of(str(path), status)):
                return None
        return self._store.items.id_of(file.id, 1)


def own_items(store: Store, query: Query) -> frozenset[int]:
    """Return the ids of the query's own items: those of its pictures, and those it names."""
    files = (store.files.by_path(str(path), embedder_id=0) for path in query.images)
    ids = (store.items.id_of(file.id, 1) for file in files if file is not None)
    return frozenset(item_id for item_id in ids if item_id is not None).union(query.items)


def _unit_sum(vectors: Sequence[FloatArray]) -> FloatArray | None:
    if not vectors:
        return None
    total: FloatArray = np.sum(np.stack(vectors), axis=0, dtype=np.float32)
    length = np.float32(max(float(np.linalg.norm(total)), 1e-12))
    return np.divide(total, length, dtype=np.float32)
