"""Exceptions: errors that users can act on, and errors of single files. Any other exception is a bug.

Messages are one or two plain sentences: what happened, and what to do about it.
"""

from imagefinder.domain.reasons import Parameter, Reason, ReasonCode


class ImageFinderError(Exception):
    """Base class of all errors whose message is written for the user."""


class UsageError(ImageFinderError):
    """The call cannot be carried out as asked: a missing path, an empty query, an unknown name."""


class LibraryError(ImageFinderError):
    """The library on disk cannot be used: it is damaged or from a newer version, or the disk is full."""


class LibraryInUseError(LibraryError):
    """Another process is changing the library."""


class ModelError(ImageFinderError):
    """A model is not available: its weights are missing, do not fit, or were refused."""


class DeviceError(ModelError):
    """The requested device is not available on this computer."""


class UnreadableError(ImageFinderError):
    """A file, or one part of it, cannot be read, for the ``reason`` that ``status`` shows.

    It never stops a job: the indexer records it with the file and continues.
    """

    def __init__(self, reason: Reason | ReasonCode, **parameters: Parameter) -> None:
        """Create the error from a ``Reason``, or from a ``ReasonCode`` and its ``parameters``."""
        self.reason = reason if isinstance(reason, Reason) else Reason(reason, parameters)
        super().__init__(self.reason)

    def __str__(self) -> str:
        return str(self.reason)


class PassingError(UnreadableError):
    """A file cannot be read now, but may be intact: its drive went away, or memory is short.

    It is listed as unreadable, and tried again by every scan.
    """


class OverdueError(UnreadableError):
    """A file, or one part of it, exceeded its time limit for decoding.

    It is listed as unreadable and tried once more by the next scan, then not again until it changes.
    """


class NoAnswerError(PassingError):
    """Nothing is known about a file: its drive does not answer, or its decoder was closed before it finished.

    It is not listed as unreadable, and stays among the pending files.
    """


class CancelledError(ImageFinderError):
    """The user cancelled the work. Everything committed is kept."""
