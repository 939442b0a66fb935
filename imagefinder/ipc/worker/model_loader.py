"""Load the model in the background, while words are searched already."""

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
    """Loads the model that the engine answers with, on a thread of its own, and tells how far it is.

    It is ready once it can answer words; its image tower, and what relevance is measured
    against, come after that.
    """

    def __init__(self, engine: Engine, name: str, send: Callable[[Event], None]) -> None:
        """``name`` is what the model is called until it is known better."""
        self._engine = engine
        self._send = send
        self._name = name
        self._listeners: list[Callable[[], None]] = []
        self._one_at_a_time = threading.Lock()
        self.is_over = False
        """Whether a model is ready, or has failed."""
        self.error = ""
        """Why it failed, a sentence for the user."""

    def on_over(self, listener: Callable[[], None]) -> None:
        """Call this, on the loader's thread, once it is over, and again when the rest is loaded, too.

        To be called before ``start``.
        """
        self._listeners.append(listener)

    def start(self) -> None:
        """Load the model that is in use now, which may be another one than before; returns at once."""
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
        """What ``load`` returns, or why it failed."""
        try:
            return load()
        except ImageFinderError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - our own mistake; the thread must live on
            _LOG.exception("the model cannot be loaded")
            problem = tr(
                "The model {name} cannot be loaded ({problem}). Words in file names and on pages are searched "
                "meanwhile. Choose another model in the settings.",
                name=self._name,
                problem=f"{type(error).__name__}: {error}",
            )
        return ModelChanged(ModelState.FAILED, self._name, error=problem)
