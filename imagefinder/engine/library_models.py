"""Operations on the models of a library, for all three front ends; used beside ``Engine``."""

from collections.abc import Callable

from imagefinder.domain.jobs import ProgressCallback, no_progress
from imagefinder.domain.library import ModelChange
from imagefinder.engine.library_lock import LibraryLock
from imagefinder.engine.models.model_switcher import ModelSwitcher
from imagefinder.store.store import Store


class LibraryModels:
    """The model in use: loading, releasing and switching it. Safe to use from several threads."""

    def __init__(self, switcher: ModelSwitcher, store: Store, lock: LibraryLock) -> None:
        self._switcher = switcher
        self._store = store
        self._lock = lock

    @property
    def in_use(self) -> str | None:
        """Name of the model that the library is searched with; None before its first use."""
        with self._store.errors():
            return self._store.models.in_use

    @property
    def is_loaded(self) -> bool:
        """Whether queries by words can be answered without loading the model. Never blocks."""
        return self._switcher.current().is_loaded

    def load(self, progress: ProgressCallback = no_progress) -> None:
        """Load what queries by words need: the text tower and the index. Searches may run meanwhile.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().load(progress)

    def load_image_tower(self) -> None:
        """Load the image tower, if it is not loaded.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().load_images()

    def calibrate(self) -> None:
        """Calibrate the model, if that has not been done.

        This takes some seconds the first time. Every job does it too.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().calibrate()

    def warm_background_stats(self, should_stop: Callable[[], bool]) -> None:
        """Compute the background stats of all items, which makes first searches by words as fast as later ones.

        Worthwhile in a process that answers many searches. Takes about 15 s of processor time for a million
        pictures, and ends early once ``should_stop()`` returns True.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().warm_background_stats(should_stop)

    def release(self, idle_s: float) -> None:
        """Release models that were idle for this many seconds. They are loaded again when needed."""
        self._switcher.release(idle_s)

    def on_switched(self, listener: Callable[[], None]) -> None:
        """Set the function to call after another model was put in use.

        It is called on any thread and must return at once.
        """
        self._switcher.on_switched = listener

    def change(self, name: str, *, drop_old: bool = False, now: bool = False) -> ModelChange | None:
        """Switch the library to another model. It stays searchable throughout.

        If items are still to be indexed with the new model, the switch is only begun: ``LibraryJobs.index``
        does the indexing, and the current model answers until nothing is left. Naming the current model
        cancels the switch.

        Args:
            name: name of a model that is on this machine.
            drop_old: delete the vectors of the current model once the switch is complete.
            now: switch at once, even if items are still to be indexed with the new model.

        Returns:
            The work left before the switch is complete; None if the model is in use now.

        Raises:
            ModelError: the model is not available; nothing is changed then.
            LibraryInUseError: another process is changing the library.
        """
        with self._lock.hold():
            change = self._switcher.begin(name, drops_old=drop_old, now=now)
            self._switcher.delete_unwanted()
            return change

    def forget_vectors(self, embedder_id: str) -> int:
        """Delete all vectors of an embedder, given its id, and return how many there were.

        Raises:
            LibraryInUseError: another process is changing the library.
        """
        with self._lock.hold():
            return self._switcher.delete_vectors(embedder_id)
