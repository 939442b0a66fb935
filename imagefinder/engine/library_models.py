"""Operations on the models of a library, for all three front ends; used beside ``Engine``."""

from collections.abc import Callable

from imagefinder.domain.jobs import ProgressCallback, no_progress
from imagefinder.domain.library import ModelChange
from imagefinder.engine.library_lock import LibraryLock
from imagefinder.engine.models.model_switcher import ModelSwitcher
from imagefinder.store.store import Store


class LibraryModels:
    """The model that answers, and changing it. Safe to use from several threads."""

    def __init__(self, switcher: ModelSwitcher, store: Store, lock: LibraryLock) -> None:
        self._switcher = switcher
        self._store = store
        self._lock = lock

    @property
    def in_use(self) -> str | None:
        """The name of the model that the library says it is searched with; None before its first use."""
        with self._store.errors():
            return self._store.models.in_use

    @property
    def is_loaded(self) -> bool:
        """Whether words are answered at once. Loads nothing, never waits."""
        return self._switcher.current().is_loaded

    def load(self, progress: ProgressCallback = no_progress) -> None:
        """Load what the first words need: the model's text tower, and the index. Searching goes on meanwhile.

        Raises:
            ModelError: the model cannot be had; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().load(progress)

    def load_image_tower(self) -> None:
        """Load what the first picture needs, where it is not loaded.

        Raises:
            ModelError: the model cannot be had; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().load_images()

    def calibrate(self) -> None:
        """Have what relevance is measured against, which takes seconds at the first time; every job does the same.

        Raises:
            ModelError: the model cannot be had; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().calibrate()

    def warm_background_stats(self, should_stop: Callable[[], bool]) -> None:
        """Have searches by words as fast at first as they are when they meet the same pictures again.

        For a process that will answer many; takes about 15 s of a processor for a million pictures, while
        ``should_stop()`` does not say so.

        Raises:
            ModelError: the model cannot be had; the message says why and what to do.
        """
        with self._store.errors():
            self._switcher.current().warm_background_stats(should_stop)

    def release(self, idle_s: float) -> None:
        """Give back the memory of models that did no work for so many seconds; they load when they are needed."""
        self._switcher.release(idle_s)

    def on_switched(self, listener: Callable[[], None]) -> None:
        """Call this, on any thread, whenever another model answers from now on; it must return at once."""
        self._switcher.on_switched = listener

    def change(self, name: str, *, drop_old: bool = False, now: bool = False) -> ModelChange | None:
        """Have the library searched with another model, without a moment in which it cannot be searched.

        Where pictures are still to be indexed with it, ``Engine.index`` does that, and the present model answers
        until nothing is left; asking for the present model calls the change off.

        Args:
            name: of a model that is here.
            drop_old: delete the vectors of the present model once the change is complete.
            now: change at once, though pictures are still to be indexed with it.

        Returns:
            What is to be done before the change is complete; None where the model is in use.

        Raises:
            ModelError: the model cannot be had; nothing is changed then.
            LibraryInUseError: another process is changing the library.
        """
        with self._lock.hold():
            change = self._switcher.begin(name, drops_old=drop_old, now=now)
            self._switcher.delete_unwanted()
            return change

    def forget_vectors(self, embedder_id: str) -> int:
        """Delete what was indexed with a model, known by its embedder's id; returns how many vectors there were.

        Raises:
            LibraryInUseError: another process is changing the library.
        """
        with self._lock.hold():
            return self._switcher.delete_vectors(embedder_id)
