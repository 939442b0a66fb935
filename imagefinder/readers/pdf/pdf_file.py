"""Open PDF files, rendered and searched with MuPDF."""

import io
import math
import mmap
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind, PartFacts, Region, bounded
from imagefinder.domain.reasons import ReasonCode
from imagefinder.readers.disk import open_regular_file
from imagefinder.readers.pdf.page_search import Line, PageSearch
from imagefinder.readers.pdf.pdf_reader import HEADER
from imagefinder.readers.pdf.pdf_repair import open_pdf, without_senseless_crop_box
from imagefinder.readers.pillow.pillow_formats import HEAD_BYTES
from imagefinder.readers.reader import LoadedPart, MediaFile

MAX_PAGE_PIXELS = 16_000_000
"""Largest rendering of a page, in pixels (48 MB).

A page may be 1 x 14400 points. With its shorter side at 224 pixels, it would take two gigabytes. At that side, the
limit affects only pages more than about 300 times as long as wide.
"""

_OUT_OF_MEMORY = re.compile(r"\b(m|re|c)alloc\b.*failed|out of memory|allocat", re.IGNORECASE)
"""MuPDF's messages for failed allocations."""

_LOCK = threading.RLock()
"""Lock for every call into MuPDF.

PyMuPDF builds MuPDF with one context for the whole process and without locks. Parallel rendering requires several
processes.
"""


@contextmanager
def _mupdf() -> Iterator[Any]:
    """Give this thread exclusive use of PyMuPDF, without output, and turn its errors into ``UnreadableError``.

    PyMuPDF is imported here, because that takes a quarter of a second and only users with PDFs need it.
    """
    with _LOCK:
        import pymupdf

        # Errors and warnings would be printed to the terminal.
        pymupdf.TOOLS.mupdf_display_errors(False)
        pymupdf.TOOLS.mupdf_display_warnings(False)
        try:
            yield pymupdf
        except MemoryError as error:
            raise UnreadableError(ReasonCode.OUT_OF_MEMORY) from error
        except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError, IndexError) as error:
            if _OUT_OF_MEMORY.search(str(error)):
                raise UnreadableError(ReasonCode.OUT_OF_MEMORY) from MemoryError()
            raise UnreadableError(ReasonCode.DAMAGED_PDF) from error
        finally:
            # MuPDF keeps warnings about damaged files until they are reset.
            pymupdf.TOOLS.reset_mupdf_warnings()


class PdfFile(MediaFile):
    """An open PDF file with one part for each page."""

    def __init__(self, path: Path, content: BinaryIO | None = None) -> None:
        with content or open_regular_file(path) as file, _mupdf() as pymupdf:
            data = _in_memory(file)
            _refuse_other_kinds(pymupdf.mupdf, data)
            try:
                self._document: Any = open_pdf(pymupdf, data)
            except RuntimeError as error:
                if not _has_header(file):
                    raise UnreadableError(ReasonCode.NOT_A_PDF) from error
                raise
            try:
                self.part_count = _page_count(self._document)
            except BaseException:
                self._document.close()
                raise
        self._searched: tuple[int, PageSearch] | None = None
        """Page searched last and its text. Usually several phrases are searched on one page."""

    def load(self, part: int, side: int) -> LoadedPart:
        """Render one page; see ``MediaFile.load``.

        The page is rendered on white with its shorter side at ``side`` pixels, or smaller if it would exceed
        ``MAX_PAGE_PIXELS``.

        Raises:
            UnreadableError: The page cannot be rendered, or does not exist, for instance because the file has
                changed since it was indexed.
        """
        from PIL import Image

        if not 1 <= part <= self.part_count:
            raise UnreadableError(ReasonCode.NO_SUCH_PAGE, number=part, count=self.part_count)
        with _mupdf() as pymupdf:
            page = without_senseless_crop_box(pymupdf, self._document.load_page(part - 1))
            width, height = page.rect.width, page.rect.height
            if not (0 < width < math.inf and 0 < height < math.inf):
                raise UnreadableError(ReasonCode.PAGE_WITHOUT_SIZE)
            zoom = min(side / min(width, height), math.sqrt(MAX_PAGE_PIXELS / (width * height)))
            pixels = page.get_pixmap(matrix=pymupdf.Matrix(zoom, zoom), colorspace=pymupdf.csRGB, alpha=False)
            image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.samples_mv)
            text = page.get_text("text", flags=pymupdf.TEXT_MEDIABOX_CLIP)
            # MuPDF would cache up to 256 MB of decoded pictures. Evicting three quarters, least recently used first,
            # keeps resources that pages share. With 300 pages in one Chinese font, evicting everything took five
            # times as long.
            pymupdf.TOOLS.store_shrink(75)
        # A page may declare any size.
        size = bounded(max(round(width), 1)), bounded(max(round(height), 1))
        # Imported late, because its patterns take longer to compile than all other readers to import.
        from imagefinder.readers.pdf.page_text import clean_text

        return LoadedPart(image, PartFacts(ItemKind.PAGE, *size, text=clean_text(text)))

    def find(self, part: int, phrase: str) -> list[Region]:
        """Return the regions where a phrase occurs on the visible page; see ``MediaFile.find``."""
        if not 1 <= part <= self.part_count:
            raise UnreadableError(ReasonCode.NO_SUCH_PAGE, number=part, count=self.part_count)
        # MuPDF's own search ignores case for ASCII only, and does not match ligatures and other forms of letters.
        with _mupdf() as pymupdf:
            page = without_senseless_crop_box(pymupdf, self._document.load_page(part - 1))
            width, height = page.rect.width, page.rect.height
            if self._searched is None or self._searched[0] != part:
                self._searched = part, PageSearch(_lines(page, pymupdf.TEXT_MEDIABOX_CLIP))
            boxes = map(pymupdf.Rect, self._searched[1].find(phrase))
            # MuPDF's coordinates refer to the unrotated page.
            found = [box * page.rotation_matrix & page.rect for box in boxes]
        return [
            Region(rect.x0 / width, rect.y0 / height, rect.x1 / width, rect.y1 / height)
            for rect in found
            if not rect.is_empty
        ]

    def close(self) -> None:
        with _mupdf() as pymupdf:
            if not self._document.is_closed:
                self._document.close()
                pymupdf.TOOLS.store_shrink(100)


def _lines(page: Any, flags: int) -> Iterator[Line]:
    blocks = page.get_text("rawdict", flags=flags)["blocks"]
    for line in (line for block in blocks for line in block.get("lines", ())):
        yield [(sign["c"], sign["bbox"]) for span in line["spans"] for sign in span["chars"]]


def _page_count(document: Any) -> int:
    if document.needs_pass:
        raise UnreadableError(ReasonCode.PASSWORD)
    if document.page_count < 1:
        raise UnreadableError(ReasonCode.PDF_WITHOUT_PAGES)
    return int(document.page_count)


def _in_memory(file: BinaryIO) -> bytes | memoryview:
    """Return the content of a file, memory-mapped unless it is in memory.

    MuPDF cannot be given the path, because a decoder process may not open files.
    """
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _refuse_other_kinds(mupdf: Any, data: bytes | memoryview) -> None:
    """Reject content that MuPDF would open as a type other than PDF.

    MuPDF detects the type from the content, regardless of the type it is given. It would lay out web pages and e-books,
    which may refer to other files.

    Raises:
        UnreadableError: The content is not a PDF.
    """
    stream = mupdf.fz_open_memory(mupdf.python_buffer_data(data), len(data))
    handler = mupdf.ll_fz_recognize_document_stream_content(stream.m_internal, "pdf")
    if handler is None or int(handler.this) != int(mupdf.ll_fz_recognize_document("pdf").this):
        raise UnreadableError(ReasonCode.NOT_A_PDF)


def _has_header(file: BinaryIO) -> bool:
    file.seek(0)
    return HEADER in file.read(HEAD_BYTES)
