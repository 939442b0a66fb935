"""Optional support for the transformers library: text towers and tokenizers of multilingual models.

The library is imported only for models that need it. open_clip itself imports it wherever it is installed,
which adds 0.7 s of processor time and 18 MB to every process (transformers 5.23).
"""

import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.translation import tr

_LIBRARY, _OPEN_CLIP_PART = "transformers", "open_clip.hf_model"
_INSTALL = 'pip install "imagefinder[languages]"'
_lock = threading.RLock()


def has_transformers() -> bool:
    """Return whether the library is installed. Does not import it."""
    with _lock:
        return _LIBRARY in sys.modules or importlib.util.find_spec(_LIBRARY) is not None


def require_transformers() -> None:
    """Check that the library is installed.

    Raises:
        ModelError: It is not. The message says how to install it.
    """
    if has_transformers():
        return
    if getattr(sys, "frozen", False):  # set by PyInstaller; frozen programs have no pip
        raise ModelError(
            tr(
                "This model's text part needs the library transformers, which does not come with this program. "
                "The Python package can have it: {command}. Or use another model.",
                command=_INSTALL,
            )
        )
    raise ModelError(tr("This model's text part needs one more library: {command}", command=_INSTALL))


@contextmanager
def without_transformers() -> Iterator[None]:
    """Context manager in which the library seems not to be installed, unless it is loaded already."""
    with _lock:
        if _LIBRARY in sys.modules:
            yield
            return
        # Python's own way of marking a module as not importable.
        sys.modules[_LIBRARY] = None  # type: ignore[assignment]
        try:
            yield
        finally:
            del sys.modules[_LIBRARY]


def bring_in_transformers() -> Any:
    """Import the library, and make it available to an open_clip that was imported without it.

    Returns:
        The module ``transformers``.

    Raises:
        ModelError: It is not installed, or cannot be loaded.
    """
    with _lock:
        require_transformers()
        is_first = _LIBRARY not in sys.modules
        try:
            library = importlib.import_module(_LIBRARY)
            part = importlib.import_module(_OPEN_CLIP_PART)
            if part.transformers is None:
                # Reloaded in the same namespace, so classes that others imported from it work too.
                importlib.reload(part)
        except (ImportError, RuntimeError) as error:
            raise ModelError(
                tr(
                    "The library transformers cannot be loaded: {reason}.",
                    reason=str(error).partition("\n")[0],
                )
            ) from error
        if is_first:
            library.logging.set_verbosity_error()  # its warnings are for programmers
        return library
