"""Library lock: one process, and one job in it, changes a library at a time."""

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import LibraryError, LibraryInUseError
from imagefinder.private_files import file_mode_of, make_file
from imagefinder.store.store import Store
from imagefinder.translation import tr

if TYPE_CHECKING:
    from filelock import BaseFileLock

_SAVING_S = 60
"""Seconds that a job waits while an index is being saved: ten times what a million vectors take."""


class LibraryLock:
    """Exclusive right to change a library. Safe to use from several threads and processes."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._folder = folder
        self._store = store
        self._job = threading.Lock()
        self._is_saving = False

    @contextmanager
    def hold(self, *, for_saving: bool = False) -> Iterator[None]:
        """Hold the lock for the duration of the ``with`` block. Disk and database errors become LibraryError.

        Args:
            for_saving: the lock is held only briefly, so another thread that wants it waits instead of
                failing.

        Raises:
            LibraryInUseError: another job or process is changing the library.
            LibraryError: the library cannot be read or written.
        """
        from filelock import Timeout

        if not self._job.acquire(timeout=_SAVING_S if self._is_saving else 0):
            raise LibraryInUseError(tr("This library is being indexed already. Wait until that is done."))
        try:
            self._is_saving = for_saving
            with disk_errors(self._folder), self._store.errors():
                try:
                    self._file_lock.acquire()
                except Timeout as error:
                    raise LibraryInUseError(
                        tr(
                            "Another imagefinder is changing the library {folder}. Wait until it is done; "
                            "searching works meanwhile.",
                            folder=self._folder,
                        )
                    ) from error
                try:
                    yield
                finally:
                    self._file_lock.release()
        finally:
            self._is_saving = False
            self._job.release()

    @cached_property
    def _file_lock(self) -> "BaseFileLock":
        from filelock import FileLock

        lock = self._folder / "lock"
        make_file(lock, file_mode_of(self._folder / "library.db"))
        return FileLock(lock, timeout=0, thread_local=False)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Convert an OSError about the library's folder into a LibraryError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = tr(
                "its disk is full. All that was indexed before is kept: free some space and run this again"
            )
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = tr(
                "it cannot be written there. Check its permissions, or name another folder with --library"
            )
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            reason = tr("a file stands in its place. Name another folder with --library")
        else:
            reason = tr("the system says: {reason}", reason=(error.strerror or str(error)).lower())
        raise LibraryError(
            tr("The library {folder} cannot be used: {reason}.", folder=folder, reason=reason)
        ) from error
