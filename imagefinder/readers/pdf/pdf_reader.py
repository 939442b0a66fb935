"""The reader of PDFs. MuPDF is imported with the first one: who only looks for files needs none of it."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagefinder.readers.reader import MediaReader

if TYPE_CHECKING:
    from imagefinder.readers.pdf.pdf_file import PdfFile

HEADER = b"%PDF-"


class PdfReader(MediaReader):
    """Reads PDF files."""

    extensions = frozenset({"pdf"})

    def recognises(self, head: bytes) -> bool:
        # Readers have always allowed junk before the header: PDF 1.7 reference, appendix H, note 13.
        return HEADER in head

    def open(self, path: Path, content: BinaryIO | None = None) -> "PdfFile":
        from imagefinder.readers.pdf.pdf_file import PdfFile

        return PdfFile(path, content)
