"""Suppression of Pillow's warnings, mostly about damaged metadata."""

import threading
import warnings

_LOCK = threading.Lock()
_PILLOW = r"PIL\."


def silence_pillow() -> None:
    """Ignore warnings raised within Pillow, in the whole process, from now on.

    The readers handle what these warnings are about: broken EXIF blocks, sizes above Pillow's first limit.
    ``warnings.catch_warnings`` would replace the filters of the process, which is unsafe with several decoding
    threads; a permanent filter is safe. The filter is added again if other filters have been put in front of it.
    """
    with _LOCK:
        if not _is_in_front():
            warnings.filterwarnings("ignore", category=Warning, module=_PILLOW)


def _is_in_front() -> bool:
    if not warnings.filters:
        return False
    action, message, category, module, _line = warnings.filters[0]
    return action == "ignore" and message is None and category is Warning and _pattern(module) == _PILLOW


def _pattern(module: object) -> str | None:
    return getattr(module, "pattern", None)
