"""The model in use and, during a model switch, the next one.

Changing the model must not cost the user their search. Vectors are kept by embedder, so the present model goes on
answering while the library is indexed with the next one, over restarts; once nothing is left, one transaction makes
the next model the present one.
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
"""Makes the embedder of a name; of None, the one for a library that has none yet."""


def _nothing() -> None: ...


class ModelSwitcher:
    """The model that answers, and the one that the library is being changed to, if any. Thread-safe.

    What changes the library (``begin``, ``call_off``, ``switch``, ``delete_unwanted``) is called with its lock in
    hand.
    """

    def __init__(self, make: MakeEmbedder, store: Store, vectors: Path, named: str | None = None) -> None:
        """``named``: the model to use whatever the library says; then it is not changed to another one."""
        self._make = make
        self._store = store
        self._vectors = vectors
        self._named = named
        self._lock = threading.RLock()
        self._recorded: str | None = None
        """What the library said of its model the last time."""
        self._next: tuple[str, LoadedModel] | None = None
        self._current = self._load_later(lambda: named or store.models.in_use)
        self._is_used = False
        self.on_switched: Callable[[], None] = _nothing
        """Called when another model answers from now on."""

    def current(self) -> LoadedModel:
        """The model that answers, by what the library says now: another process may have changed it meanwhile."""
        with self._lock:
            if self._named is not None:
                return self._current
            recorded = self._store.models.in_use
            if self._is_used and recorded != self._recorded and self._recorded is not None:
                _LOG.info("the library is searched with %s from now on", recorded)
                self._put(self._take_next(recorded) or self._load_later(lambda: recorded))
            self._recorded, self._is_used = recorded, True
            return self._current

    def next(self) -> LoadedModel | None:
        """The model that the library is being changed to, if it is."""
        with self._lock:
            name = self._store.models.next if self._named is None else None
            if self._next is not None and self._next[0] != name:
                self._next[1].close()
                self._next = None
            if name is not None and self._next is None:
                self._next = name, self._load_later(lambda: name)
            return self._next[1] if self._next else None

    def answering_id(self, default: int) -> int:
        """The id of the embedder that the library says it is searched with, whatever model was named for this process.

        It is 0 where the library has no vectors of that one, and ``default`` where the model is not here.
        """
        name, model = self._store.models.in_use, self.current()
        if self._named is not None and model.embedder.name != name:
            model = self._load_later(lambda: name)
        embedder_id = self._id_of(model)
        return default if embedder_id is None else embedder_id

    def begin(self, name: str, *, drops_old: bool, now: bool) -> ModelChange | None:
        """Change the library to a model: at once where nothing is lost by it (or ``now``), else begin to.

        Returns what is to be done before; None where the change is made, or is none.

        Raises:
            ModelError: the model cannot be had; nothing is changed then.
        """
        self._make(name).close()
        choice = self._store.models
        with self._lock:
            if self._named is not None:
                # From here on the library's own word counts.
                self._named, self._is_used, self._recorded = None, False, None
                self._put(self._load_later(lambda: choice.in_use))
            if choice.in_use is None:
                choice.in_use = name
                self._put(self._load_later(lambda: name))
                return None
            if choice.in_use == name:
                choice.end_change(switch=False)
                return None
            # Who wants it now need not say again what was said when it began.
            choice.begin_change(name, drops_old=drops_old or (choice.next == name and choice.drops_old))
            self._want(self.next())
            if now or self._left()[0] == 0 or not self._answers():
                self.switch()
                return None
            return self.change()

    def change(self) -> ModelChange | None:
        """How far the change is that is under way."""
        name = self._store.models.next
        if name is None or self._named is not None:
            return None
        total = self._store.items.count()
        left, unreachable = self._left()
        return ModelChange(name, total - left, total, unreachable)

    def is_complete(self) -> bool:
        """Whether all that the library has is indexed with the next model."""
        return self.next() is not None and self._left()[0] == 0

    def switch(self) -> None:
        """The next model answers from now on, in one step.

        A question that the old model is answering is answered by it. At the end of a change the job has loaded the
        text tower before, so that none waits.
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
        """Delete the vectors that a change left and that were not to be kept; interrupted, the next job goes on."""
        for embedder_id in self._store.models.unwanted:
            self.delete_vectors(embedder_id)
            self._store.models.unwanted = [
                other for other in self._store.models.unwanted if other != embedder_id
            ]

    def delete_vectors(self, embedder_id: str) -> int:
        """Delete all vectors of an embedder; returns how many there were."""
        count = self._store.embeddings.forget(embedder_id)
        remove_checkpoint(checkpoint_folder(self._vectors, embedder_id))
        for model in (self._current, self._next[1] if self._next else None):
            if model is not None and model.made is not None and model.made.id == embedder_id:
                model.forget_index()
        return count

    def release(self, idle_s: float) -> None:
        """Give back the memory of models that did no work for so long; they load again when they are needed."""
        for model in (self._current, self._next[1] if self._next else None):
            if model is not None and model.made is not None:
                model.made.release(idle_s)

    def close(self) -> None:
        """Give all memory back. Harmless when called again."""
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
        # A search that has hold of it loads it again at the worst.
        old.close()
        self.on_switched()

    def _want(self, model: LoadedModel | None) -> None:
        """What was to be deleted of this model is wanted again."""
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
        """The embedder's id; 0, which none has, where the library has no vectors of it. None where the model's files
        are gone, which the next job says."""
        try:
            record, _ = model.live_index(register=False)
        except ModelError:
            return None
        return record.id if record else 0

    def _answers(self) -> bool:
        """Whether the present model has anything to lose."""
        try:
            record, _ = self.current().live_index(register=False)
        except ModelError:
            return False
        return record is not None and self._store.embeddings.has_any(record.id)

    @staticmethod
    def _made(model: LoadedModel) -> Embedder | None:
        try:
            return model.embedder
        except ModelError:  # it is not here any more, so its id is not known
            return None
