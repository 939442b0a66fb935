"""Block network access of one thread while it runs code that reads a model."""

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# What Python's audit table calls all ways to another machine (docs.python.org/3/library/audit_events.html).
_EVENTS = frozenset(
    {
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "socket.gethostbyaddr",
        "socket.gethostbyname",
        "socket.getnameinfo",
        "socket.sendmsg",
        "socket.sendto",
    }
)


class _Thread(threading.local):
    depth = 0


_thread = _Thread()
_installing = threading.Lock()
_is_installed = False


@contextmanager
def without_network() -> Iterator[None]:
    """Within it, in this thread, every attempt to look up a host or to connect fails with ``OSError``.

    open_clip, timm and transformers take some names for addresses of a hub. Such names are refused before
    (``config_bounds``); this holds for what a later version of theirs may take for one. It is for one thread, because
    the engine downloads models in others meanwhile, and by an audit hook, because no library can go past it in Python.
    """
    _install()
    _thread.depth += 1
    try:
        yield
    finally:
        _thread.depth -= 1


def _install() -> None:
    global _is_installed
    with _installing:
        if not _is_installed:
            sys.addaudithook(_refuse)
            _is_installed = True


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _EVENTS and _thread.depth:
        raise OSError(errno.ENETUNREACH, "the network is not used while a model is read")
