"""Parser of the reasons in libraries up to version 5: English sentences to codes and parameters of version 6.

The sentences and codes are those of that time. Do not change them when current reasons are reworded or split.
"""

import json
import re
import sqlite3

_SENTENCES = {
    "it is no longer there": "not_found",
    "you have no permission to read it": "permission_denied",
    "the drive reports a read error": "read_error",
    "its drive or network folder does not answer": "drive_not_answering",
    "it is a link that leads back to itself": "link_loop",
    "the link points to a file that is not there": "broken_link",
    "a link into the system's own files": "system_link",
    "its name is longer than the system allows": "name_too_long",
    "too many files are open at once": "too_many_open_files",
    "another program keeps it locked": "locked",
    "it is a folder, not a file": "not_a_file",
    "it is not an ordinary file but a pipe, a socket or a device": "not_regular",
    "not a regular file (a pipe, socket or device)": "not_regular",
    "the file is empty": "empty",
    "not a picture or PDF in any known format": "unknown_format",
    "not a picture in any known format": "not_an_image",
    "it is not a PDF, though its name says so": "not_a_pdf",
    "the picture is damaged": "damaged",
    "the picture is damaged: its header makes no sense": "damaged",
    "the picture is damaged, or in a variant of its format that is not supported": "damaged_or_unsupported",
    "the picture is in a variant of its format that is not supported": "unsupported",
    "the picture is cut short (the file ends too early)": "truncated",
    "damaged: the lower part is missing": "lower_part_missing",
    "damaged: the upper part is missing": "upper_part_missing",
    "damaged: most of the picture is missing": "mostly_missing",
    "the PDF is damaged": "damaged_pdf",
    "the PDF is damaged: no page can be found in it": "pdf_without_pages",
    "encrypted: it opens only with a password": "password",
    "the page has no size": "page_without_size",
    "there is not enough free memory to decode it. Close other programs and try again": "out_of_memory",
    "there is not enough free memory to read this PDF": "out_of_memory",
    "the decoder crashed on it": "decoder_crashed",
    "the program ended each time it read this file; it is left alone now": "decoder_crashed",
    "the program broke down each time it read this file; it is left alone now": "decoder_crashed",
    "the system stopped its decoder, most likely because memory ran out": "decoder_killed",
    "no process can be started to decode it": "decoder_not_started",
    "it cannot be read": "unknown",
    # Errors of a scan: the messages of Linux and macOS, in lower case.
    "permission denied": "permission_denied",
    "operation not permitted": "permission_denied",
    "no such file or directory": "not_found",
    "not a directory": "not_found",
    "input/output error": "read_error",
    "too many levels of symbolic links": "link_loop",
    "file name too long": "name_too_long",
    "too many open files": "too_many_open_files",
    "stale file handle": "drive_not_answering",
    "connection timed out": "drive_not_answering",
    "host is down": "drive_not_answering",
    "no route to host": "drive_not_answering",
    "transport endpoint is not connected": "drive_not_answering",
    "no such device": "drive_not_answering",
    "no such device or address": "drive_not_answering",
    "remote i/o error": "drive_not_answering",
}
_PATTERNS = tuple(
    (re.compile(pattern, re.DOTALL), code)
    for pattern, code in (
        (r"the system cannot read it \((?P<error>.*)\)", "system_error"),
        (r"it has no page (?P<number>\d+) \(it has (?P<count>\d+)\)", "no_such_page"),
        (r"it has no part (?P<number>\d+) \(it has (?P<count>\d+)\)", "no_such_part"),
        (
            r"too large: (?P<width>\d+) x (?P<height>\d+) pixels \((?P<megapixels>\d+) megapixels; the limit is "
            r"(?P<limit>\d+)\)",
            "too_large",
        ),
        (
            r"too large \((?P<megapixels>\d+) megapixels; the limit is (?P<limit>\d+) megapixels\)",
            "too_large",
        ),
        (r"too large \(the limit is (?P<limit>\d+) megapixels\)", "too_large"),
        (
            r"too large for the memory that is free: (?P<width>\d+) x (?P<height>\d+) pixels "
            r"\((?P<megapixels>\d+) megapixels\)\. Close other programs and try again",
            "too_large_now",
        ),
        (r"too large for the memory that is free: a file of (?P<megabytes>\d+) megabytes", "too_large_now"),
        (
            r"it needs more memory than the (?P<megabytes>\d+) MB that decoding one file may take",
            "memory_limit",
        ),
        (
            r"it needs more memory than the (?P<megabytes>\d+) MB that are free for it now\. Close other programs and "
            r"try again",
            "memory_limit_now",
        ),
        (
            r"reading it took too long: more than (?P<seconds>\d+) seconds of the processor's time",
            "timed_out",
        ),
    )
)
_PAGE = re.compile(r"page (\d+): (.*)", re.DOTALL)
_LISTING = "the folder cannot be listed: "


def register(connection: sqlite3.Connection) -> None:
    """Register the SQL functions ``old_reason_code`` and ``old_reason_parameters`` with a connection.

    Each takes a sentence.
    """
    connection.create_function("old_reason_code", 1, _code, deterministic=True)
    connection.create_function("old_reason_parameters", 1, _parameters, deterministic=True)


def _code(sentence: str | None) -> str | None:
    return None if sentence is None else _understood(sentence)[0]


def _parameters(sentence: str | None) -> str | None:
    parameters = {} if sentence is None else _understood(sentence)[1]
    return json.dumps(parameters) if parameters else None


def _understood(sentence: str) -> tuple[str, dict[str, int | str]]:
    """Return the code and parameters of a sentence.

    An unknown sentence gets the code "other", with the sentence as parameter.
    """
    if page := _PAGE.fullmatch(sentence):
        code, parameters = _understood(page[2])
        return code, {**parameters, "page": int(page[1])}
    if sentence.startswith(_LISTING):
        error = sentence.removeprefix(_LISTING)
        code, parameters = _understood(error)
        if code == "other":
            code, parameters = "system_error", {"error": error}
        return code, {**parameters, "listing": 1}
    if sentence in _SENTENCES:
        return _SENTENCES[sentence], {}
    for pattern, code in _PATTERNS:
        if match := pattern.fullmatch(sentence):
            told = match.groupdict()
            return code, {name: text if name == "error" else int(text) for name, text in told.items()}
    return "other", {"text": sentence}
