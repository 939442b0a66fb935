"""Reason codes: why a file, or a part of one, cannot be read. They are put into words when shown."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from imagefinder.translation import tr_later, translated

Parameter = int | str


class ReasonCode(StrEnum):
    """Code for why a file cannot be read.

    Codes are stored in libraries and written by ``status --json``: a released code must never change. The
    strings below some codes describe their parameters.
    """

    # Files and file systems
    NOT_FOUND = "not_found"
    PERMISSION_DENIED = "permission_denied"
    READ_ERROR = "read_error"
    DRIVE_NOT_ANSWERING = "drive_not_answering"
    LINK_LOOP = "link_loop"
    BROKEN_LINK = "broken_link"
    SYSTEM_LINK = "system_link"
    NAME_TOO_LONG = "name_too_long"
    TOO_MANY_OPEN_FILES = "too_many_open_files"
    LOCKED = "locked"
    NOT_A_FILE = "not_a_file"
    """The path is a folder."""
    NOT_REGULAR = "not_regular"
    """The path is a pipe, a socket or a device."""
    EMPTY = "empty"
    ONLINE_ONLY = "online_only"
    SYSTEM_ERROR = "system_error"
    """Parameter ``error``: the operating system's message."""

    # Content
    UNKNOWN_FORMAT = "unknown_format"
    NOT_AN_IMAGE = "not_an_image"
    NOT_A_PDF = "not_a_pdf"
    DAMAGED = "damaged"
    DAMAGED_OR_UNSUPPORTED = "damaged_or_unsupported"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    LOWER_PART_MISSING = "lower_part_missing"
    UPPER_PART_MISSING = "upper_part_missing"
    MOSTLY_MISSING = "mostly_missing"
    DAMAGED_PDF = "damaged_pdf"
    PDF_WITHOUT_PAGES = "pdf_without_pages"
    PASSWORD = "password"  # noqa: S105 - not a password
    PAGE_WITHOUT_SIZE = "page_without_size"
    NO_SUCH_PAGE = "no_such_page"
    """Parameters ``number``: the requested page, from 1; ``count``: the number of pages."""
    NO_SUCH_PART = "no_such_part"
    """Parameters as for ``NO_SUCH_PAGE``."""

    # Resources
    TOO_LARGE = "too_large"
    """Parameters ``limit``, in megapixels; if known, ``megapixels``, ``width`` and ``height`` (in pixels)."""
    TOO_LARGE_NOW = "too_large_now"
    """Too large for the free memory.

    Parameters ``width``, ``height`` (in pixels) and ``megapixels``; or ``megabytes`` of the file.
    """
    OUT_OF_MEMORY = "out_of_memory"
    MEMORY_LIMIT = "memory_limit"
    """Parameter ``megabytes``: the memory limit for decoding one file."""
    MEMORY_LIMIT_NOW = "memory_limit_now"
    """Parameter ``megabytes``: the memory free for decoding at the time."""
    TIMED_OUT = "timed_out"
    """Parameter ``seconds``: the processor time limit."""
    DECODER_CRASHED = "decoder_crashed"
    DECODER_KILLED = "decoder_killed"
    DECODER_NOT_STARTED = "decoder_not_started"

    # Thumbnails and previews of indexed files
    CHANGED = "changed"
    NOT_IN_LIBRARY = "not_in_library"
    THUMBNAILS_NOT_WRITABLE = "thumbnails_not_writable"
    PREVIEW_NOT_WRITABLE = "preview_not_writable"
    """Parameters ``folder``, and ``error``: the operating system's message."""

    UNKNOWN = "unknown"
    OTHER = "other"
    """Parameter ``text``: a sentence from a library of an earlier version, for which there is no code."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file, or a part of one, cannot be read.

    ``str`` returns a clause in the current language, without a full stop. Any reason may have two more
    parameters: ``page`` (from 1), if it concerns one page or part of several, and ``listing`` (1), if it
    concerns a folder whose files cannot be listed.
    """

    code: str
    """A ``ReasonCode``, or a code written by a newer version of the program."""
    parameters: Mapping[str, Parameter] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self._worded(lambda text: translated(text, "reason"))

    def in_english(self) -> str:
        """Return the clause in English regardless of the current language, for other programs."""
        return self._worded(str)

    def having(self, **parameters: Parameter) -> "Reason":
        """Return a copy of this reason with additional parameters."""
        return replace(self, parameters={**self.parameters, **parameters})

    def _worded(self, said: Callable[[str], str]) -> str:
        text = self._clause(said)
        if "page" in self.parameters:
            text = said(_OF_PAGE).format(page=self.parameters["page"], reason=text)
        if "listing" in self.parameters:
            text = said(_OF_LISTING).format(reason=text)
        return text

    def _clause(self, said: Callable[[str], str]) -> str:
        values = {**self.parameters, "code": self.code}
        *fuller, plainest = _WORDS.get(self.code, (_UNKNOWN_CODE,))
        for wording in fuller:
            with suppress(KeyError):
                return said(wording).format_map(values)
        return said(plainest).format_map(_WithGaps(values))


class _WithGaps(dict[str, object]):
    """Parameters of a reason, with "?" for missing ones. Another version of the program may have written them."""

    def __missing__(self, name: str) -> str:
        return "?"


_OF_PAGE = tr_later("page {page}: {reason}", "reason")
_OF_LISTING = tr_later("the folder cannot be listed: {reason}", "reason")
_UNKNOWN_CODE = tr_later(
    "it cannot be read, for a reason that only a newer version of imagefinder can explain ({code})", "reason"
)

_WORDS: dict[str, tuple[str, ...]] = {
    ReasonCode.NOT_FOUND: (tr_later("it is no longer there", "reason"),),
    ReasonCode.PERMISSION_DENIED: (tr_later("you have no permission to read it", "reason"),),
    ReasonCode.READ_ERROR: (tr_later("the drive reports a read error", "reason"),),
    ReasonCode.DRIVE_NOT_ANSWERING: (tr_later("its drive or network folder does not answer", "reason"),),
    ReasonCode.LINK_LOOP: (tr_later("it is a link that leads back to itself", "reason"),),
    ReasonCode.BROKEN_LINK: (tr_later("the link points to a file that is not there", "reason"),),
    ReasonCode.SYSTEM_LINK: (tr_later("it is a link into the system's own files", "reason"),),
    ReasonCode.NAME_TOO_LONG: (tr_later("its name is longer than the system allows", "reason"),),
    ReasonCode.TOO_MANY_OPEN_FILES: (
        tr_later("too many files are open at once. Close other programs and try again", "reason"),
    ),
    ReasonCode.LOCKED: (tr_later("another program keeps it locked", "reason"),),
    ReasonCode.NOT_A_FILE: (tr_later("it is a folder, not a file", "reason"),),
    ReasonCode.NOT_REGULAR: (
        tr_later("it is not an ordinary file but a pipe, a socket or a device", "reason"),
    ),
    ReasonCode.EMPTY: (tr_later("the file is empty", "reason"),),
    ReasonCode.ONLINE_ONLY: (tr_later("it is in the cloud and not on this disk", "reason"),),
    ReasonCode.SYSTEM_ERROR: (tr_later("the system cannot read it ({error})", "reason"),),
    ReasonCode.UNKNOWN_FORMAT: (tr_later("not a picture or PDF in any known format", "reason"),),
    ReasonCode.NOT_AN_IMAGE: (tr_later("not a picture in any known format", "reason"),),
    ReasonCode.NOT_A_PDF: (tr_later("it is not a PDF, though its name says so", "reason"),),
    ReasonCode.DAMAGED: (tr_later("the picture is damaged", "reason"),),
    ReasonCode.DAMAGED_OR_UNSUPPORTED: (
        tr_later("the picture is damaged, or in a variant of its format that is not supported", "reason"),
    ),
    ReasonCode.UNSUPPORTED: (
        tr_later("the picture is in a variant of its format that is not supported", "reason"),
    ),
    ReasonCode.TRUNCATED: (tr_later("the picture is cut short (the file ends too early)", "reason"),),
    ReasonCode.LOWER_PART_MISSING: (tr_later("damaged: the lower part is missing", "reason"),),
    ReasonCode.UPPER_PART_MISSING: (tr_later("damaged: the upper part is missing", "reason"),),
    ReasonCode.MOSTLY_MISSING: (tr_later("damaged: most of the picture is missing", "reason"),),
    ReasonCode.DAMAGED_PDF: (tr_later("the PDF is damaged", "reason"),),
    ReasonCode.PDF_WITHOUT_PAGES: (tr_later("the PDF is damaged: no page can be found in it", "reason"),),
    ReasonCode.PASSWORD: (tr_later("encrypted: it opens only with a password", "reason"),),
    ReasonCode.PAGE_WITHOUT_SIZE: (tr_later("the page has no size", "reason"),),
    ReasonCode.NO_SUCH_PAGE: (tr_later("it has no page {number} (it has {count})", "reason"),),
    ReasonCode.NO_SUCH_PART: (tr_later("it has no part {number} (it has {count})", "reason"),),
    ReasonCode.TOO_LARGE: (
        tr_later(
            "too large: {width} x {height} pixels ({megapixels} megapixels; the limit is {limit})", "reason"
        ),
        tr_later("too large ({megapixels} megapixels; the limit is {limit} megapixels)", "reason"),
        tr_later("too large (the limit is {limit} megapixels)", "reason"),
    ),
    ReasonCode.TOO_LARGE_NOW: (
        tr_later(
            "too large for the memory that is free: {width} x {height} pixels ({megapixels} megapixels). "
            "Close other programs and try again",
            "reason",
        ),
        tr_later(
            "too large for the memory that is free: a file of {megabytes} MB. Close other programs and try again",
            "reason",
        ),
    ),
    ReasonCode.OUT_OF_MEMORY: (
        tr_later("there is not enough free memory to read it. Close other programs and try again", "reason"),
    ),
    ReasonCode.MEMORY_LIMIT: (
        tr_later("it needs more memory than the {megabytes} MB that decoding one file may take", "reason"),
    ),
    ReasonCode.MEMORY_LIMIT_NOW: (
        tr_later(
            "it needs more memory than the {megabytes} MB that are free for it now. Close other programs and try "
            "again",
            "reason",
        ),
    ),
    ReasonCode.TIMED_OUT: (
        tr_later("reading it took too long: more than {seconds} seconds of the processor's time", "reason"),
    ),
    ReasonCode.DECODER_CRASHED: (tr_later("the decoder crashed on it", "reason"),),
    ReasonCode.DECODER_KILLED: (
        tr_later("the system stopped its decoder, most likely because memory ran out", "reason"),
    ),
    ReasonCode.DECODER_NOT_STARTED: (
        tr_later("no process can be started to decode it. Close other programs and try again", "reason"),
    ),
    ReasonCode.CHANGED: (tr_later("it has changed since it was last looked at", "reason"),),
    ReasonCode.NOT_IN_LIBRARY: (tr_later("it is not in the library any more", "reason"),),
    ReasonCode.THUMBNAILS_NOT_WRITABLE: (tr_later("the folder for thumbnails cannot be written", "reason"),),
    ReasonCode.PREVIEW_NOT_WRITABLE: (
        tr_later("the preview cannot be written to {folder} ({error})", "reason"),
    ),
    ReasonCode.UNKNOWN: (tr_later("it cannot be read", "reason"),),
    ReasonCode.OTHER: ("{text}",),
}
"""Wordings of each code, those with more parameters first. The last one also serves with parameters missing."""
