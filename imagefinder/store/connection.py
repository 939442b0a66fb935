"""Connections to ``library.db``, one per thread, and translation of SQLite's errors."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from imagefinder.domain.errors import LibraryError
from imagefinder.private_files import make_file
from imagefinder.store.migrations import migrate, stand_in
from imagefinder.translation import tr

_BUSY_TIMEOUT_S = 30
# With pages of 8 KiB, seven 512-dimensional float16 vectors share a page (88 % full); with SQLite's default
# of 4 KiB, three do (75 %).
_PAGE_SIZE = 8192
_CACHE_KIB = 64 * 1024
_WAL_PAGES = 4096
"""Pages after which the write-ahead log is checkpointed (32 MiB).

With SQLite's default of 1,000 pages, the pages that every batch changes are written back four times as often,
with three waits for the disk each time.
"""


class Database:
    """A library's SQLite file. Safe to use from several threads, each of which gets a connection."""

    def __init__(self, path: Path) -> None:
        """Open the file, and create or migrate it if necessary.

        Raises:
            LibraryError: the file is damaged, from a newer version, or cannot be written.
        """
        self.path = path
        # A library in a read-only folder can be searched. Without a write-ahead log no process is changing
        # it, so SQLite can open it as immutable and need not create files beside it.
        self.is_read_only = path.exists() and not os.access(path.parent, os.W_OK)
        if not self.is_read_only:
            with suppress(OSError):  # SQLite's error says more
                make_file(path)  # SQLite gives its other files the mode of this one
        self._address = f"file:{quote(os.fsencode(path))}"
        if self.is_read_only:
            has_log = path.with_name(path.name + "-wal").exists()
            self._address += "?mode=ro" if has_log else "?immutable=1"
        self._local = threading.local()
        self._lock = threading.Lock()
        self._opened: dict[threading.Thread, sqlite3.Connection] = {}
        with library_errors(path):
            connection = self.connection  # opened now, so that errors are raised here
            if not self.is_read_only:
                migrate(connection)

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode outside ``transaction``."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # ``check_same_thread`` is off only so that ``close`` can close all connections.
            connection = sqlite3.connect(
                self._address,
                uri=True,
                timeout=_BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
            )
            self._keep(connection)
            if not self.is_read_only:
                connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
                _begin_log(connection)
                # In WAL mode, NORMAL never corrupts the file. A power failure may lose the last transactions;
                # a crash of the program does not.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
                # A search during indexing keeps the log from being reset, so it grows. Afterwards its file is
                # truncated to this size.
                connection.execute(f"PRAGMA journal_size_limit = {2 * _WAL_PAGES * _PAGE_SIZE}")
            # Otherwise statement journals go to a file, which was more than half of everything that indexing
            # wrote.
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            if self.is_read_only:
                stand_in(connection)
            self._local.connection = connection
        return connection

    def _keep(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            # Each job has new decoding threads, so close the connections of threads that have ended.
            for thread in [thread for thread in self._opened if not thread.is_alive()]:
                self._opened.pop(thread).close()
            self._opened[threading.current_thread()] = connection

    def transaction(self) -> "Transaction":
        """Return a transaction: it commits at the end, or rolls back on any exception.

        Joins one that is open already.
        """
        return Transaction(self.connection)

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads in the ``with`` block see one state of the database.

        Changes that others commit meanwhile are not seen.
        """
        connection = self.connection
        if connection.in_transaction:
            yield
            return
        connection.execute("BEGIN")
        try:
            yield
        finally:
            _roll_back(connection)

    def close(self) -> None:
        """Close the connections of all threads. May be called more than once."""
        with self._lock:
            for connection in self._opened.values():
                connection.close()
            self._opened.clear()
        self._local = threading.local()


class Transaction:
    """Context manager of ``Database.transaction``.

    A class, because each file takes some ten transactions, and a generator costs three times as much.
    """

    __slots__ = ("_connection", "_is_outermost")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_outermost = False

    def __enter__(self) -> sqlite3.Connection:
        self._is_outermost = not self._connection.in_transaction
        if self._is_outermost:
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._is_outermost:
            return
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            _roll_back(self._connection)


def _begin_log(connection: sqlite3.Connection) -> None:
    until = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # If two processes create a library at the same time, SQLite fails in one of them without waiting.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _roll_back(connection: sqlite3.Connection) -> None:
    # After a commit there is nothing to roll back, and some errors (a full disk) have rolled back already.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


@contextmanager
def library_errors(path: Path) -> Iterator[None]:
    """Convert SQLite's errors about the file at ``path`` into a LibraryError that says what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LibraryError(_operational_reason(path, str(error))) from error
    except sqlite3.DatabaseError as error:
        raise LibraryError(
            tr(
                "The library file {path} is damaged ({error}). Your pictures are not touched: move that file "
                "away and add your folders again.",
                path=path,
                error=error,
            )
        ) from error


def _operational_reason(path: Path, message: str) -> str:
    if "full" in message:
        return tr(
            "The disk that holds the library ({folder}) is full. All that was indexed before is kept: "
            "free some space and run this again.",
            folder=path.parent,
        )
    if "readonly" in message or "unable to open" in message:
        return tr(
            "The library {path} cannot be written ({error}). Check its permissions, or name another "
            "with --library.",
            path=path,
            error=message,
        )
    if "locked" in message or "busy" in message:
        return tr("The library {path} is busy: another program holds it. Try again in a moment.", path=path)
    if "disk I/O" in message:
        return tr(
            "The disk that holds the library {path} reports an error ({error}). Check the drive.",
            path=path,
            error=message,
        )
    return tr("The library {path} cannot be used ({error}).", path=path, error=message)
