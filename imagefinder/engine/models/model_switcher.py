"""Model switcher: the model in use and, during a model switch, the next one.

The library stays searchable during a switch. Vectors are stored by embedder, so the current model goes on
answering, across restarts, while the library is indexed with the next one. Once nothing is left to index, one
transaction puts the next model in use.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.domain.library import ModelChange
from imagefinder.embedders.embedder import Embedder
from imagefinder.engine.models.loaded_model import LoadedModel
from imagefinder.store.store import Store
from imagefinder.vectors.checkpoint import checkpoint_folder, remove_checkpoint

_LOG = logging.getLogger(__name__)

MakeEmbedder = Callable[[str | None], Embedder]
"""Function that makes the embedder for a model's name, or for None if the library has no model yet."""


def _nothing() -> None: ...


class ModelSwitcher:
    """The model in use, and the next one during a model switch. Thread-safe.

    Callers of the methods that change the library (``begin``, ``switch``, ``delete_unwanted``,
    ``delete_vectors``) must hold the library lock.
    """

    def __init__(self, make: MakeEmbedder, store: Store, vectors: Path, named: str | None = None) -> None:
        """Create the switcher without loading a model.

        Args:
            make: makes embedders.
            store: the library's store.
            vectors: the folder of the library's checkpoints.
            named: name of the model to use instead of the one recorded in the library. While it is set, a
                switch under way is ignored; ``begin`` unsets it.
        """
        self._make = make
        self._store = store
        self._vectors = vectors
        self._named = named
        self._lock = threading.RLock()
        self._recorded: str | None = None
        """The library's recorded model when it was last read."""
        self._next: tuple[str, LoadedModel] | None = None
        self._current = self._load_later(lambda: named or store.models.in_use)
        self._is_used = False
        self.on_switched: Callable[[], None] = _nothing
        """Called after another model was put in use."""

    def current(self) -> LoadedModel:
        """Return the model in use according to the library. Another process may have switched it."""
        with self._lock:
            if self._named is not None:
                return self._current
            recorded = self._store.models.in_use
            if self._is_used and recorded != self._recorded and self._recorded is not None:
                _LOG.info("the library was switched to the model %s", recorded)
                self._put(self._take_next(recorded) or self._load_later(lambda: recorded))
            self._recorded, self._is_used = recorded, True
            return self._current

    def next(self) -> LoadedModel | None:
        """Return the model that the library is being switched to, or None."""
        with self._lock:
            name = self._store.models.next if self._named is None else None
            if self._next is not None and self._next[0] != name:
                self._next[1].close()
                self._next = None
            if name is not None and self._next is None:
                self._next = name, self._load_later(lambda: name)
            return self._next[1] if self._next else None

    def answering_id(self, default: int) -> int:
        """Return the embedder id of the library's recorded model, regardless of a model named for this process.

        Returns 0 if the library has no vectors of that model, and ``default`` if the model is not available.
        """
        name, model = self._store.models.in_use, self.current()
        if self._named is not None and model.embedder.name != name:
            model = self._load_later(lambda: name)
        embedder_id = self._id_of(model)
        return default if embedder_id is None else embedder_id

    def begin(self, name: str, *, drops_old: bool, now: bool) -> ModelChange | None:
        """Switch to a model: at once if nothing is lost by that, or if ``now`` is True; else begin the switch.

        Args:
            name: name of the model.
            drops_old: delete the vectors of the current model once the switch is complete.
            now: switch at once, even if items are still to be indexed with the new model.

        Returns:
            The work left before the switch is complete; None if the model is in use now.

        Raises:
            ModelError: the model is not available; nothing is changed then.
        """
        self._make(name).close()
        choice = self._store.models
        with self._lock:
            if self._named is not None:
                # From now on the library's record decides, instead of the model named for this process.
                self._named, self._is_used, self._recorded = None, False, None
                self._put(self._load_later(lambda: choice.in_use))
            if choice.in_use is None:
                choice.in_use = name
                self._put(self._load_later(lambda: name))
                return None
            if choice.in_use == name:
                choice.end_change(switch=False)
                return None
            # Completing a switch early keeps the choice of ``drops_old`` made when it began.
            choice.begin_change(name, drops_old=drops_old or (choice.next == name and choice.drops_old))
            self._want(self.next())
            if now or self._left()[0] == 0 or not self._answers():
                self.switch()
                return None
            return self.change()

    def change(self) -> ModelChange | None:
        """Return the progress of the switch, or None if there is none."""
        name = self._store.models.next
        if name is None or self._named is not None:
            return None
        total = self._store.items.count()
        left, unreachable = self._left()
        return ModelChange(name, total - left, total, unreachable)

    def is_complete(self) -> bool:
        """Whether everything in the library is indexed with the next model."""
        return self.next() is not None and self._left()[0] == 0

    def switch(self) -> None:
        """Put the next model in use, in one transaction.

        Queries that the old model is answering are still answered by it. At the end of a switch the job has
        loaded the text tower already, so the next query need not wait for it.
        """
        with self._lock:
            model = self.next()
            if model is None:
                return
            old = self._current
            with self._store.transaction():
                if self._store.models.drops_old and (made := self._made(old)) is not None:
                    self._store.models.unwanted = [*self._store.models.unwanted, made.id]
                self._store.models.end_change(switch=True)
                self._store.pending.change_model(self._id_of(model) or 0)
            self._recorded, self._is_used, self._next = self._store.models.in_use, True, None
            self._put(model)

    def delete_unwanted(self) -> None:
        """Delete the vectors that completed switches left to be deleted.

        If this is interrupted, the next job continues.
        """
        for embedder_id in self._store.models.unwanted:
            self.delete_vectors(embedder_id)
            self._store.models.unwanted = [
                other for other in self._store.models.unwanted if other != embedder_id
            ]

    def delete_vectors(self, embedder_id: str) -> int:
        """Delete all vectors of an embedder and return how many there were."""
        count = self._store.embeddings.forget(embedder_id)
        remove_checkpoint(checkpoint_folder(self._vectors, embedder_id))
        for model in (self._current, self._next[1] if self._next else None):
            if model is not None and model.made is not None and model.made.id == embedder_id:
                model.forget_index()
        return count

    def release(self, idle_s: float) -> None:
        """Release models that were idle for this many seconds. They are loaded again when needed."""
        for model in (self._current, self._next[1] if self._next else None):
            if model is not None and model.made is not None:
                model.made.release(idle_s)

    def close(self) -> None:
        """Release all memory. May be called more than once."""
        with self._lock:
            self._current.close()
            if self._next is not None:
                self._next[1].close()

    def _load_later(self, name: Callable[[], str | None]) -> LoadedModel:
        return LoadedModel(lambda: self._make(name()), self._store, self._vectors)

    def _take_next(self, name: str | None) -> LoadedModel | None:
        if self._next is None or self._next[0] != name:
            return None
        model, self._next = self._next[1], None
        return model

    def _put(self, model: LoadedModel) -> None:
        old, self._current = self._current, model
        # A search that still uses the old model reloads it, at worst.
        old.close()
        self.on_switched()

    def _want(self, model: LoadedModel | None) -> None:
        """Remove a model from those whose vectors are to be deleted."""
        if model is not None:
            unwanted = self._store.models.unwanted
            self._store.models.unwanted = [other for other in unwanted if other != model.embedder.id]

    def _left(self) -> tuple[int, int]:
        model = self.next()
        embedder_id = self._id_of(model) if model is not None else None
        if embedder_id is None:
            return self._store.items.count(), 0
        return self._store.embeddings.left(embedder_id)

    def _id_of(self, model: LoadedModel) -> int | None:
        """Return the embedder's id, or 0, which no embedder has, if the library has no vectors of it.

        None if the model's files are missing, which the next job reports.
        """
        try:
            record, _ = model.live_index(register=False)
        except ModelError:
            return None
        return record.id if record else 0

    def _answers(self) -> bool:
        """Whether the current model has any vectors that a switch would put out of use."""
        try:
            record, _ = self.current().live_index(register=False)
        except ModelError:
            return False
        return record is not None and self._store.embeddings.has_any(record.id)

    @staticmethod
    def _made(model: LoadedModel) -> Embedder | None:
        try:
            return model.embedder
        except ModelError:  # its files are missing, so its id is unknown
            return None
