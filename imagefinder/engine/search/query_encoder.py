"""Encode a query as one vector: the sum of its text, pictures and items of the library."""

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
"""A file and a part of it, from 1."""


class QueryEncoder:
    """Turns the terms of queries into vectors with one embedder."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        record: EmbedderRecord | None,
        memory: QueryVectorCache,
        decoders: Decoders,
    ) -> None:
        """``record`` is None where the library has no vectors of this embedder; ``memory`` is of this embedder."""
        self._store = store
        self._embedder = embedder
        self._record = record
        self._memory = memory
        self._decoders = decoders

    def vector(
        self, query: Query, progress: ProgressCallback, *, may_load: bool
    ) -> tuple[FloatArray | None, bool]:
        """The normalised sum of the unit vectors of a query's terms, and whether a term had to be left out.

        The text is one term, each picture and each item is one. What is in the library costs no embedding.
        None where no term says anything to the model. Without ``may_load`` the terms are left out for which the
        model would have to work.

        Raises:
            UsageError: a picture cannot be read, or an item is gone.
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
        """Vectors of picture files (a PDF's or TIFF's first page): (n, dimension) float32, unit length.

        Raises:
            UsageError: a file cannot be read; the message says which, and why.
        """
        return self._embed([(path, 1) for path in paths])

    def _remembered(self, place: _Place) -> FloatArray:
        path, part = place
        try:
            status = path.stat()
        except OSError:
            # Opening it will say what is wrong.
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
        """The stored vectors of the query's pictures and items, and where those are that have none."""
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
        """The item that a picture is which is in the library and as it was: nothing has to be computed."""
        file = self._store.files.by_path(str(path), embedder_id=0)
        if file is None:
            return None
        try:
            status = path.stat()
        except OSError:
            # On a drive that is away: it is known as it was.
            pass
        else:
            if not file.is_as_on_disk(FileStat.of(str(path), status)):
                return None
        return self._store.items.id_of(file.id, 1)


def own_items(store: Store, query: Query) -> frozenset[int]:
    """The items of the library that a query's pictures are, and the items it names."""
    files = (store.files.by_path(str(path), embedder_id=0) for path in query.images)
    ids = (store.items.id_of(file.id, 1) for file in files if file is not None)
    return frozenset(item_id for item_id in ids if item_id is not None).union(query.items)


def _unit_sum(vectors: Sequence[FloatArray]) -> FloatArray | None:
    if not vectors:
        return None
    total: FloatArray = np.sum(np.stack(vectors), axis=0, dtype=np.float32)
    length = np.float32(max(float(np.linalg.norm(total)), 1e-12))
    return np.divide(total, length, dtype=np.float32)
