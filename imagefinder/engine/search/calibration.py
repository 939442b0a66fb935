"""Calibration: the bank of unrelated queries, embedded once for each model."""

import hashlib
import logging
import threading
from functools import cache
from typing import TYPE_CHECKING

from imagefinder.domain.errors import LibraryError
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.resources import resource
from imagefinder.store.embeddings import EmbedderRecord
from imagefinder.store.store import Store

if TYPE_CHECKING:
    from imagefinder.engine.search.relevance import BackgroundScores

_LOG = logging.getLogger(__name__)

_SAMPLE = 512
"""Number of items sampled to represent the whole library."""
_AT_A_TIME = 16
"""Queries embedded in one batch. A search that arrives meanwhile waits for one batch at most."""
_GREW = 1.1
"""Growth of the library, as a factor, after which a new sample is taken."""


@cache
def bank() -> tuple[str, ...]:
    """Return the bank of unrelated queries."""
    lines = (resource("relevance") / "unrelated_queries.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line)


@cache
def _bank_hash() -> str:
    return hashlib.sha256("\n".join(bank()).encode()).hexdigest()


class Calibration:
    """Calibration of one model in one library. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._preparing = threading.Lock()
        self._making = threading.Lock()
        self._bank: FloatArray | None = None
        self._background: tuple[object, BackgroundScores] | None = None

    def prepare(self, embedder: Embedder, record: EmbedderRecord | None) -> None:
        """Embed the bank with the model, unless that was done before.

        The vectors are stored in the library if it has a ``record`` of the model. A model that does not
        understand the whole bank, such as ``builtin``, is not calibrated. With a large model this takes
        seconds, during which searches go on.

        Raises:
            ModelError: the model is not available.
        """
        with self._preparing:
            if record is not None and self._store.calibrations.has(record.id, _bank_hash()):
                return
            if not all(map(embedder.understands, bank())):
                return
            if self._bank is None:
                import numpy as np

                parts = [
                    embedder.encode_texts(bank()[at : at + _AT_A_TIME])
                    for at in range(0, len(bank()), _AT_A_TIME)
                ]
                self._bank = np.concatenate(parts)
            if record is not None:
                self._keep(record)

    def background(self, record: EmbedderRecord, count: int) -> "BackgroundScores | None":
        """Return the background scores for a library with ``count`` vectors, or None before ``prepare``.

        This is cheap: the library is sampled again only after it has grown by a tenth.
        """
        if not count:
            return None
        import numpy as np

        vectors = self._bank if self._bank is not None else self._stored(record)
        if vectors is None:
            return None
        if count <= _SAMPLE:
            state: object = (record.id, self._store.embeddings.revision(record.id))
        else:
            state = (record.id, int(np.log(count) / np.log(_GREW)))
        with self._making:  # concurrent callers must share one cache of background stats
            return self._background_of(record, vectors, state)

    def _background_of(
        self, record: EmbedderRecord, vectors: FloatArray, state: object
    ) -> "BackgroundScores | None":
        import numpy as np

        from imagefinder.engine.search.relevance import BackgroundScores

        known = self._background
        if known is not None and known[0] == state:
            return known[1]
        ids = self._store.embeddings.ids(record.id)
        chosen = ids[np.linspace(0, ids.size - 1, min(_SAMPLE, ids.size)).astype(np.int64)]
        _, sample = self._store.embeddings.read(record.id, chosen.tolist())
        if not len(sample):
            return None
        background = BackgroundScores(vectors, sample)
        self._background = state, background
        return background

    def clear(self) -> None:
        """Drop what is held in memory."""
        self._bank = self._background = None

    def _stored(self, record: EmbedderRecord | None) -> FloatArray | None:
        if record is None:
            return None
        vectors = self._store.calibrations.read(record.id, _bank_hash())
        if vectors is not None:
            self._bank = vectors
        return vectors

    def _keep(self, record: EmbedderRecord) -> None:
        assert self._bank is not None
        try:
            with self._store.errors():
                self._store.calibrations.write(record.id, _bank_hash(), self._bank)
        except LibraryError as error:
            # The library is read-only, or its disk is full. The vectors stay in memory; the next process
            # computes them again.
            _LOG.info("could not store the vectors of the bank: %s", error)
