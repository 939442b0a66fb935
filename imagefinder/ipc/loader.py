"""Loading the model while words are searched already."""

import logging
import threading
from collections.abc import Callable

from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import Event, ModelChanged, ModelState
from imagefinder.model.errors import ImageFinderError
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)


class ModelLoader:
    """Loads the engine's model once, on a thread of its own, and tells how far it is."""

    def __init__(self, engine: Engine, name: str, send: Callable[[Event], None]) -> None:
        """``name`` is what the model is called until it is known better."""
        self._engine = engine
        self._send = send
        self._name = name
        self._thread = threading.Thread(target=self._load, name="model-loader", daemon=True)
        self._listeners: list[Callable[[], None]] = []
        self.is_over = False
        """Whether it is ready, or has failed."""
        self.error = ""
        """Why it failed, a sentence for the user."""

    def on_over(self, listener: Callable[[], None]) -> None:
        """Call this, on the loader's thread, once it is over. To be called before ``start``."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Begin; returns at once."""
        self._send(ModelChanged(ModelState.LOADING, self._name))
        self._thread.start()

    def _load(self) -> None:
        try:
            self._engine.load_model()
            embedder = self._engine.embedder
            answer = ModelChanged(ModelState.READY, embedder.name, embedder.device)
        except ImageFinderError as error:
            self.error = str(error)
        except Exception as error:  # noqa: BLE001 - our own mistake; the thread must live on
            _LOG.exception("the model cannot be loaded")
            self.error = tr(
                "The model {name} cannot be loaded ({problem}). Words in file names and on pages are searched "
                "meanwhile. Choose another model in the settings.",
                name=self._name,
                problem=f"{type(error).__name__}: {error}",
            )
        if self.error:
            answer = ModelChanged(ModelState.FAILED, self._name, error=self.error)
        self.is_over = True
        self._send(answer)
        for listener in self._listeners:
            listener()
