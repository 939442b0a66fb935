"""Loaded model: an embedder with the index of its vectors, both loaded on first use."""

import threading
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.domain.jobs import Phase, Progress, ProgressCallback
from imagefinder.embedders.embedder import Embedder
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.index.thread_priority import give_way
from imagefinder.engine.search.calibration import Calibration
from imagefinder.engine.search.query_vector_cache import QueryVectorCache
from imagefinder.store.embeddings import EmbedderRecord, IdArray
from imagefinder.store.store import Store

_ITEMS_AT_ONCE = 512
"""Items whose background stats are computed at a time (about 5 ms), so that searches need not wait longer."""


class LoadedModel:
    """An embedder with its record in the store and its index. Safe to use from several threads."""

    def __init__(self, make: Callable[[], Embedder], store: Store, vectors: Path) -> None:
        """Create the model without loading anything.

        Args:
            make: makes the embedder on first use.
            store: the library's store.
            vectors: the folder of the library's checkpoints.
        """
        self._make = make
        self._store = store
        self._vectors = vectors
        self._lock = threading.RLock()
        self._embedder: Embedder | None = None
        self._record: EmbedderRecord | None = None
        self._index: LiveIndex | None = None
        self.query_vectors = QueryVectorCache()
        """Vectors of recent queries' terms."""
        self.calibration = Calibration(store)
        """The model's calibration, against which relevance is measured."""
        self.failure: ModelError | None = None
        """The error of the last ``load``; None if it succeeded."""

    @property
    def embedder(self) -> Embedder:
        """The embedder, made on first access.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        with self._lock:
            if self._embedder is None:
                with self._store.errors():
                    self._embedder = self._make()
            return self._embedder

    def ensure_made(self) -> None:
        """Make the embedder, if that has not been done. Loads no weights.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        _ = self.embedder

    def ensure_available(self) -> None:
        """Make the embedder and determine its device. Loads no weights.

        Raises:
            ModelError: the model or the device is not available; the message says why and what to do.
        """
        _ = self.embedder.device

    @property
    def made(self) -> Embedder | None:
        """The embedder if it has been made, else None. Its weights may not be loaded. Never blocks."""
        return self._embedder

    @property
    def is_loaded(self) -> bool:
        """Whether the text tower is loaded. Never blocks."""
        return self._embedder is not None and self._embedder.is_text_loaded

    @property
    def index(self) -> LiveIndex | None:
        """The index, if it has been opened."""
        return self._index

    def live_index(self, *, register: bool) -> tuple[EmbedderRecord | None, LiveIndex | None]:
        """Return the model's record in the store and its index.

        Both are None if the library has no record of the model.

        Args:
            register: create the record if there is none.

        Raises:
            ModelError: the model is not available.
        """
        embedder = self.embedder
        with self._lock:
            if self._record is None:
                table = self._store.embeddings
                if register:
                    self._record = table.register(embedder.id, embedder.dimension)
                else:
                    self._record = table.embedder(embedder.id, embedder.dimension)
            if self._record is not None and self._index is None:
                self._index = LiveIndex(self._store.embeddings, self._record, self._vectors)
            return self._record, self._index

    def load(self, progress: ProgressCallback) -> None:
        """Load what queries by words need: the text tower and the index.

        Raises:
            ModelError: the model is not available.
        """
        try:
            embedder = self.embedder
            if not embedder.is_text_loaded:
                progress(Progress(Phase.LOADING_MODEL, 0, None))
            embedder.encode_texts(["a picture"])
            _, index = self.live_index(register=False)
            if index is not None:
                index.refresh(lambda done, total: progress(Progress(Phase.BUILDING_INDEX, done, total)))
        except ModelError as error:
            self.failure = error
            raise
        self.failure = None

    def load_images(self) -> None:
        """Load the image tower, by embedding a blank picture.

        Raises:
            ModelError: the model is not available.
        """
        from PIL import Image

        embedder = self.embedder
        side = embedder.image_side
        embedder.encode_images([embedder.prepare(Image.new("RGB", (side, side)))])

    def calibrate(self) -> None:
        """Calibrate the model. The first time takes seconds, during which searches go on.

        Raises:
            ModelError: the model is not available.
        """
        record, _ = self.live_index(register=False)
        self.calibration.prepare(self.embedder, record)

    def warm_background_stats(self, should_stop: Callable[[], bool]) -> None:
        """Compute the background stats of all items that have none yet.

        They take half the time of the first search that comes to an item. Computing them takes about 15 s of
        processor time for a million pictures, at a lower priority than searches. Does nothing before there
        are an index and a calibration, or if the vectors are mapped from disk because they do not fit into
        memory.

        Args:
            should_stop: called now and then; True ends the work early.

        Raises:
            ModelError: the model is not available.
        """
        from concurrent.futures import ThreadPoolExecutor  # imported late: a single search does not need it

        record, index = self.live_index(register=False)
        if record is None or index is None or index.kind in ("", "mapped"):
            return
        background = self.calibration.background(record, len(index))
        if background is None:
            return
        unknown = background.without_stats(self._store.embeddings.ids(record.id))

        def learn(some: IdArray) -> None:
            background.learn_stats(*index.vectors(some))

        # In a separate thread, because lowering the priority of the calling thread could not be undone.
        with ThreadPoolExecutor(1, thread_name_prefix="background stats", initializer=give_way) as pool:
            for start in range(0, unknown.size, _ITEMS_AT_ONCE):
                if should_stop():
                    return
                some = unknown[start : start + _ITEMS_AT_ONCE]
                pool.submit(learn, some).result()

    def forget_index(self) -> None:
        """Drop the record and the index, after the model's vectors were deleted from the library."""
        with self._lock:
            self._record = self._index = None

    def close(self) -> None:
        """Release the model's memory. May be called more than once."""
        with self._lock:
            if self._embedder is not None:
                self._embedder.close()
                self._embedder = None
                self.query_vectors.clear()
                self.calibration.clear()
