"""The exceptions: the user's to act on, a file's, and (any other exception) a bug.

Every message is one plain sentence, or two: what happened, and what to do.
"""

from imagefinder.domain.reasons import Parameter, Reason, ReasonCode


class ImageFinderError(Exception):
    """Base of every error whose message is written for the user."""


class UsageError(ImageFinderError):
    """The call cannot be carried out as asked: no such path, no query, unknown name."""


class LibraryError(ImageFinderError):
    """The library on disk cannot be used as it is: damaged, from a newer version, disk full."""


class LibraryInUseError(LibraryError):
    """Another process is changing the library."""


class ModelError(ImageFinderError):
    """A model cannot be had: weights not found, do not fit, or refused."""


class DeviceError(ModelError):
    """The device asked for is not on this machine."""


class UnreadableError(ImageFinderError):
    """One file, or one part of it, cannot be read, for the ``reason`` shown in ``status``.

    Never stops a run: the indexer records it with the file and goes on.
    """

    def __init__(self, reason: Reason | ReasonCode, **parameters: Parameter) -> None:
        """``parameters`` are those of a code; a ``Reason`` has its own."""
        self.reason = reason if isinstance(reason, Reason) else Reason(reason, parameters)
        super().__init__(self.reason)

    def __str__(self) -> str:
        return str(self.reason)


class PassingError(UnreadableError):
    """A file cannot be read now, though it may be all right: its drive went away, or memory is short.

    It is listed as unreadable, and tried again at every scan.
    """


class OverdueError(UnreadableError):
    """A file, or one part of it, took longer to decode than it may.

    It is listed as unreadable, tried once more by the next scan, and then not until it changes.
    """


class NoAnswerError(PassingError):
    """Nothing is known of a file: its drive does not answer, or nobody waited for its decoder.

    It is not listed, and stays among the files that are not yet read.
    """


class CancelledError(ImageFinderError):
    """The work was stopped on the user's wish; all that was committed is kept."""
