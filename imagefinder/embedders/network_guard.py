"""Per-thread block of network access while library code reads a model."""

import errno
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Audit events for all kinds of network access (docs.python.org/3/library/audit_events.html).
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
    """Context manager in which this thread's host look-ups and connections fail with ``OSError``.

    open_clip, timm and transformers interpret some names as hub addresses. ``config_bounds`` refuses such
    names beforehand. This guard covers names that a later version of these libraries may interpret that way.
    It is limited to one thread, because other threads of the engine may be downloading models. It uses an
    audit hook, because no Python library can bypass one.
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
