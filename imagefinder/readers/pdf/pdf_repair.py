"""Repair of PDFs in which MuPDF finds no pages or asks for a password unnecessarily."""

from contextlib import suppress
from typing import Any

_IN_CLEAR = frozenset({("null", "null"), ("name", "/Identity")})
_FIRST_WITH_FILTERS = 4
"""First version (V) of encryption with crypt filters. The filter Identity does not encrypt (PDF 1.7, section 7.6.5)."""


def open_pdf(pymupdf: Any, data: bytes | memoryview) -> Any:
    """Open a document and repair it if needed.

    A file that encrypts only its attachments is opened without a password, as in viewers. If no pages are found, the
    cross-reference table is rebuilt from the file. If that does not help, the page tree is rebuilt from the page
    objects. The returned document has no pages if none can be found, and is locked if it needs a password.

    Raises:
        RuntimeError: MuPDF cannot open the file at all.
    """
    document = pymupdf.open(stream=data, filetype="pdf")
    if document.needs_pass:
        if not _is_in_clear(document):
            return document
        document = _altered(pymupdf, document, data, b"/Encrypt", b"/Ignored")
    if _has_pages(pymupdf, document):
        return document
    # Without the offset of the cross-reference table, MuPDF searches the file for objects.
    with suppress(RuntimeError):
        document = _altered(pymupdf, document, data, b"startxref", b"%no--xref")
    if not _has_pages(pymupdf, document):
        _list_pages(pymupdf, document)
    return document


def without_senseless_crop_box(pymupdf: Any, page: Any) -> Any:
    """Return the page, uncropped if its CropBox is invalid or leaves nothing of it.

    MuPDF would show such a page at US Letter size.
    """
    try:
        kind, numbers = page.parent.xref_get_key(page.xref, "CropBox")
    except (
        pymupdf.mupdf.FzErrorBase,
        RuntimeError,
        ValueError,
    ):  # for instance, the page is not a separate object
        return page
    if kind != "array" or "R" in numbers:  # indirect references are left to MuPDF
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
    """Reopen the document with a keyword of its file replaced by one of the same length."""
    # Imported late, because it imports Pillow.
    from imagefinder.readers.size_limits import room_for_file

    with room_for_file(len(data)):
        altered = pymupdf.open(stream=bytes(data).replace(old, new), filetype="pdf")
    document.close()
    return altered


def _is_in_clear(document: Any) -> bool:
    """Whether only attachments are encrypted, and neither streams nor strings."""

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
    except (pymupdf.mupdf.FzErrorBase, RuntimeError):  # the page tree is invalid
        return False


def _list_pages(pymupdf: Any, document: Any) -> None:
    """Replace the page tree of a document by a list of all its page objects, ordered by object number."""
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
