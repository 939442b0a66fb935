"""Pool of decoder processes, started on demand and reused."""

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self

from imagefinder.isolation.bounded import is_bounded
from imagefinder.isolation.decode_limits import DecodeLimits, limits_here
from imagefinder.readers.disk import open_regular_file
from imagefinder.readers.reader_registry import open_media

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from imagefinder.isolation.decoder_process import Decoder
    from imagefinder.isolation.sandbox import Confinement
    from imagefinder.readers.reader import MediaFile


class Decoders:
    """Pool of decoder processes that opens files for decoding.

    The pool is thread-safe. Each opened file may be used by one thread at a time.
    """

    def __init__(self, *, low_priority: bool = False, limits: DecodeLimits | None = None) -> None:
        """Create the pool without starting a process.

        Args:
            low_priority: Whether decoders run at low priority.
            limits: Default limits; those of ``limits_here`` if None.
        """
        self.limits = limits or limits_here()
        self._low_priority = low_priority
        self._changed = threading.Lock()
        self._idle: list[Decoder] = []
        self._busy: set[Decoder] = set()
        self._starter: ThreadPoolExecutor | None = None
        self._is_closed = False

    def open(
        self, path: Path, content: BinaryIO | None = None, *, limits: DecodeLimits | None = None
    ) -> "MediaFile":
        """Open a file in this process if its decoding is bounded, else in a decoder process.

        Args:
            path: The file.
            content: The same file, already open. The returned object takes ownership and closes it.
            limits: Limits for this file instead of the pool's.

        Raises:
            UnreadableError: The file cannot be read; the message says why.
        """
        file = content or open_regular_file(path)
        try:
            if is_bounded(file):
                return open_media(path, file)
        except BaseException:
            file.close()
            raise
        return self.isolated(path, file, limits)

    def isolated(self, path: Path, content: BinaryIO, limits: DecodeLimits | None = None) -> "MediaFile":
        """Open a file as ``open`` does, but always in a decoder process."""
        # Imported late, because most jobs and searches need no process.
        from imagefinder.isolation.isolated_file import IsolatedFile

        return IsolatedFile(self, path, content, limits)

    def confinement(self) -> "Confinement":
        """Return the restrictions in force in decoder processes on this machine, starting one if needed.

        Raises:
            DecoderLostError: No decoder process is available.
        """
        decoder = self.take()
        decoder.ask({"do": "close"}, seconds=10, wall_seconds=60, memory=self.limits.memory)
        found = decoder.confinement
        self.give_back(decoder, is_reusable=True)
        assert found is not None
        return found

    def take(self) -> "Decoder":
        """Return a decoder process for one file. The caller must give it back with ``give_back``.

        Raises:
            DecoderLostError: No decoder process is available.
        """
        from imagefinder.isolation.decoder_process import DecoderLostError, Loss

        while True:
            with self._changed:
                if self._is_closed:
                    raise DecoderLostError(Loss.CLOSED)
                if not self._idle:
                    break
                decoder = self._idle.pop()
                if decoder.is_usable:
                    self._busy.add(decoder)
                    return decoder
            decoder.end()
        return self._start()

    def _start(self) -> "Decoder":
        from concurrent.futures import ThreadPoolExecutor

        from imagefinder.isolation.decoder_process import Decoder, DecoderLostError, Loss

        def start() -> Decoder:
            decoder = Decoder(low_priority=self._low_priority, most_memory=2 * self.limits.memory)
            with self._changed:
                self._busy.add(decoder)
            return decoder

        with self._changed:
            if self._is_closed:
                raise DecoderLostError(Loss.CLOSED)
            # Linux ends a decoder together with the thread that started it, so a long-lived thread starts them all.
            self._starter = self._starter or ThreadPoolExecutor(1, thread_name_prefix="decoders")
            future = self._starter.submit(start)
        return future.result()

    def give_back(self, decoder: "Decoder", *, is_reusable: bool) -> None:
        """Return a decoder process to the pool after a file, or end it if it is not reusable."""
        is_reusable = is_reusable and not decoder.has_grown
        with self._changed:
            self._busy.discard(decoder)
            if is_reusable and not self._is_closed:
                self._idle.append(decoder)
                return
        decoder.end()

    @property
    def in_use(self) -> int:
        """Number of decoder processes that are in use."""
        return len(self._busy)

    def close(self) -> None:
        """End all decoder processes. Threads that wait for one get a ``DecoderLostError``. May be called again."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
            starter, self._starter = self._starter, None
        for decoder in busy:
            decoder.kill()
        for decoder in idle:
            decoder.end()
        if starter is not None:
            starter.shutdown(wait=True)
        with self._changed:
            late = self._busy.difference(busy)
        for decoder in late:
            decoder.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
