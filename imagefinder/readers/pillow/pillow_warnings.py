"""Keep Pillow's warnings about damaged metadata from whoever uses the program."""

import threading
import warnings

_LOCK = threading.Lock()
_PILLOW = r"PIL\."


def silence_pillow() -> None:
    """Have warnings that arise within Pillow ignored, in the whole process, from now on.

    What they tell (a broken EXIF block, a size above Pillow's first limit) is handled by the readers. The
    usual ``warnings.catch_warnings`` swaps the process's filters and is not safe with several decoding
    threads; a filter that stays is. It is put back in front when someone has set stricter filters since, and
    never twice.
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
