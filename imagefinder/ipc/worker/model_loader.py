"""Loading of the model in the background, while searches by words already work."""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from imagefinder.domain.errors import ImageFinderError
from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import Event, ModelChanged, ModelState
from imagefinder.translation import tr

Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)


class ModelLoader:
    """Loader of the engine's current model, on a separate thread, with ``ModelChanged`` events.

    The model is ready once it can encode texts. Its image tower and the calibration for relevance follow.
    """

    def __init__(self, engine: Engine, name: str, send: Callable[[Event], None]) -> None:
        """``name`` is the model's name as requested, used until the model is loaded."""
        self._engine = engine
        self._send = send
        self._name = name
        self._listeners: list[Callable[[], None]] = []
        self._one_at_a_time = threading.Lock()
        self.is_over = False
        """Whether loading has ended, successfully or not."""
        self.error = ""
        """Error message for the user if loading failed."""

    def on_over(self, listener: Callable[[], None]) -> None:
        """Add a function to call on the loader's thread when the model is ready or has failed.

        It is called again when the image tower is loaded too. Must be called before ``start``.
        """
        self._listeners.append(listener)

    def start(self) -> None:
        """Start loading the current model, which may have changed since the last call, without blocking."""
        threading.Thread(target=self._run, name="model-loader", daemon=True).start()

    def _run(self) -> None:
        with self._one_at_a_time:
            if not self._engine.models.is_loaded:
                self._send(ModelChanged(ModelState.LOADING, self._name))
            self._report(self._attempt(self._load))
            self.is_over = True
            for listener in self._listeners:
                listener()
            if self.error:
                return
            if (failure := self._attempt(self._load_the_rest)) is not None:
                self._report(failure)
            for listener in self._listeners:
                listener()

    def _report(self, state: ModelChanged) -> None:
        self.error = state.error
        self._send(state)

    def _load(self) -> ModelChanged:
        self._engine.models.load()
        embedder = self._engine.embedder
        self._name = embedder.name
        return ModelChanged(ModelState.READY, embedder.name, embedder.device, is_english=embedder.is_english)

    def _load_the_rest(self) -> None:
        self._engine.models.load_image_tower()
        self._engine.models.calibrate()

    def _attempt(self, load: Callable[[], Answer]) -> Answer | ModelChanged:
        """Return the result of ``load``, or a ``ModelChanged`` with the error if it failed."""
        try:
            return load()
        except ImageFinderError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - an internal error must not end the thread
            _LOG.exception("cannot load the model")
            problem = tr(
                "The model {name} cannot be loaded ({problem}). Words in file names and on pages are searched "
                "meanwhile. Choose another model in the settings.",
                name=self._name,
                problem=f"{type(error).__name__}: {error}",
            )
        return ModelChanged(ModelState.FAILED, self._name, error=problem)
