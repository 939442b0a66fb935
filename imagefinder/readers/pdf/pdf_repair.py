"""Repair damaged PDFs in which MuPDF finds no page or asks for a password in vain."""

from contextlib import suppress
from typing import Any

_IN_CLEAR = frozenset({("null", "null"), ("name", "/Identity")})
_FIRST_WITH_FILTERS = 4
"""The version (V) of encryption that knows crypt filters, of which Identity leaves everything as it is: PDF 1.7,
section 7.6.5."""


def open_pdf(pymupdf: Any, data: bytes | memoryview) -> Any:
    """The document: without pages where none can be found, locked where it opens only with a password.

    What encrypts its attachments alone is opened without a password, as viewers do. Where there are no pages, the table
    of objects is made anew from the file, and where that does not help, the tree of pages from the pages that are among
    the objects.

    Raises:
        RuntimeError: MuPDF cannot open it at all.
    """
    document = pymupdf.open(stream=data, filetype="pdf")
    if document.needs_pass:
        if not _is_in_clear(document):
            return document
        document = _altered(pymupdf, document, data, b"/Encrypt", b"/Ignored")
    if _has_pages(pymupdf, document):
        return document
    # Where the file does not say where its table of objects is, MuPDF looks for the objects.
    with suppress(RuntimeError):
        document = _altered(pymupdf, document, data, b"startxref", b"%no--xref")
    if not _has_pages(pymupdf, document):
        _list_pages(pymupdf, document)
    return document


def without_senseless_crop_box(pymupdf: Any, page: Any) -> Any:
    """The page, whole where its CropBox leaves nothing of it or is none. MuPDF would show one of a letter's size."""
    try:
        kind, numbers = page.parent.xref_get_key(page.xref, "CropBox")
    except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError):  # it is no object of its own, say
        return page
    if kind != "array" or "R" in numbers:  # references are MuPDF's matter
        return page
    try:
        x0, y0, x1, y1 = map(float, numbers.strip("[]").split())
        is_sound = not (pymupdf.Rect(x0, y0, x1, y1).normalize() & page.mediabox).is_empty
    except ValueError:
        is_sound = False
    if is_sound:
        return page
    page.parent.xref_set_key(page.xref, "CropBox", "null")
    return page.parent.reload_page(page)


def _altered(pymupdf: Any, document: Any, data: bytes | memoryview, old: bytes, new: bytes) -> Any:
    """The document opened again with a word of its file replaced by one of the same length."""
    # Imported late: it brings Pillow.
    from imagefinder.readers.size_limits import room_for_file

    with room_for_file(len(data)):
        altered = pymupdf.open(stream=bytes(data).replace(old, new), filetype="pdf")
    document.close()
    return altered


def _is_in_clear(document: Any) -> bool:
    """Whether pages and words are not encrypted, but attachments alone."""

    def entry(name: str) -> tuple[str, str]:
        found: tuple[str, str] = document.xref_get_key(-1, f"Encrypt/{name}")
        return found

    version = entry("V")[1]
    return (
        version.isdigit()
        and int(version) >= _FIRST_WITH_FILTERS
        and entry("StmF") in _IN_CLEAR
        and entry("StrF") in _IN_CLEAR
    )


def _has_pages(pymupdf: Any, document: Any) -> bool:
    try:
        return bool(document.page_count > 0)
    except (pymupdf.mupdf.FzErrorBase, RuntimeError):  # its tree of pages makes no sense
        return False


def _list_pages(pymupdf: Any, document: Any) -> None:
    """Give a document a tree of pages that has all its pages, in the order of their numbers as objects."""
    pages = []
    for number in range(1, document.xref_length()):
        with suppress(pymupdf.mupdf.FzErrorBase, RuntimeError):
            if document.xref_get_key(number, "Type") == ("name", "/Page"):
                pages.append(f"{number} 0 R")
    catalogue = document.pdf_catalog()
    if pages and catalogue:
        tree = document.get_new_xref()
        document.update_object(tree, f"<</Type/Pages/Count {len(pages)}/Kids[{' '.join(pages)}]>>")
        document.xref_set_key(catalogue, "Pages", f"{tree} 0 R")
