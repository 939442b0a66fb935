"""A model with the index of its vectors, both loaded when first needed."""

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
"""Pictures, some 5 ms of work, in which a search waits for nothing of it."""


class LoadedModel:
    """One embedder with its record and its index. Safe to use from several threads."""

    def __init__(self, make: Callable[[], Embedder], store: Store, vectors: Path) -> None:
        """``vectors`` is the folder of the index's checkpoints."""
        self._make = make
        self._store = store
        self._vectors = vectors
        self._lock = threading.RLock()
        self._embedder: Embedder | None = None
        self._record: EmbedderRecord | None = None
        self._index: LiveIndex | None = None
        self.query_vectors = QueryVectorCache()
        """What the model made of queries."""
        self.calibration = Calibration(store)
        """What relevance is measured against."""
        self.failure: ModelError | None = None
        """Why ``load`` last failed."""

    @property
    def embedder(self) -> Embedder:
        """The model.

        Raises:
            ModelError: it cannot be had; the message says why and what to do.
        """
        with self._lock:
            if self._embedder is None:
                with self._store.errors():
                    self._embedder = self._make()
            return self._embedder

    def ensure_made(self) -> None:
        """Make the embedder where that was not done yet; no weights are loaded.

        Raises:
            ModelError: it cannot be had; the message says why and what to do.
        """
        _ = self.embedder

    def ensure_available(self) -> None:
        """Make the embedder and find its device; no weights are loaded.

        Raises:
            ModelError: the model or the device cannot be had; the message says why and what to do.
        """
        _ = self.embedder.device

    @property
    def made(self) -> Embedder | None:
        """The model, if it was asked for before; it may not be loaded. Never waits."""
        return self._embedder

    @property
    def is_loaded(self) -> bool:
        """Whether the model can answer words at once. Loads nothing, never waits."""
        return self._embedder is not None and self._embedder.is_text_loaded

    @property
    def index(self) -> LiveIndex | None:
        """The index, if one is in use."""
        return self._index

    def live_index(self, *, register: bool) -> tuple[EmbedderRecord | None, LiveIndex | None]:
        """The store's record of the model and its index; none where the library has no vectors of it.

        ``register``: make a record where there is none.

        Raises:
            ModelError: the model cannot be had.
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
        """Load what the first words need: the text tower, and the index.

        Raises:
            ModelError: the model cannot be had.
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
        """Load what the first picture needs.

        Raises:
            ModelError: the model cannot be had.
        """
        from PIL import Image

        embedder = self.embedder
        side = embedder.image_side
        embedder.encode_images([embedder.prepare(Image.new("RGB", (side, side)))])

    def calibrate(self) -> None:
        """Have what relevance is measured against; seconds at the first time, while searches go on.

        Raises:
            ModelError: the model cannot be had.
        """
        record, _ = self.live_index(register=False)
        self.calibration.prepare(self.embedder, record)

    def warm_background_stats(self, should_stop: Callable[[], bool]) -> None:
        """Work out the background scores of pictures, which takes half the time of the first search that comes to them.

        Takes about 15 s of a processor for a million pictures; goes behind searches meanwhile. Does nothing before
        there is an index and a calibration, nor where the vectors do not fit the memory.

        Raises:
            ModelError: the model cannot be had.
        """
        from concurrent.futures import ThreadPoolExecutor  # here alone: a single search comes without

        record, index = self.live_index(register=False)
        if record is None or index is None or index.kind in ("", "mapped"):
            return
        background = self.calibration.background(record, len(index))
        if background is None:
            return
        unknown = background.without_stats(self._store.embeddings.ids(record.id))

        def learn(some: IdArray) -> None:
            background.learn_stats(*index.vectors(some))

        # On a thread of its own: the one that called cannot be put behind others for a while.
        with ThreadPoolExecutor(1, thread_name_prefix="background stats", initializer=give_way) as pool:
            for start in range(0, unknown.size, _ITEMS_AT_ONCE):
                if should_stop():
                    return
                some = unknown[start : start + _ITEMS_AT_ONCE]
                pool.submit(learn, some).result()

    def forget_index(self) -> None:
        """The library has no vectors of the model any more, so what was known of them is wrong."""
        with self._lock:
            self._record = self._index = None

    def close(self) -> None:
        """Give the model's memory back. Harmless when called again."""
        with self._lock:
            if self._embedder is not None:
                self._embedder.close()
                self._embedder = None
                self.query_vectors.clear()
                self.calibration.clear()
