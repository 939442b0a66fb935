"""The reader of PDFs. MuPDF is imported when the first one is opened; a scan does not need it."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagefinder.readers.reader import MediaReader

if TYPE_CHECKING:
    from imagefinder.readers.pdf.pdf_file import PdfFile

HEADER = b"%PDF-"


class PdfReader(MediaReader):
    """Reader of PDF files."""

    extensions = frozenset({"pdf"})

    def recognises(self, head: bytes) -> bool:
        # PDF viewers accept junk before the header: PDF 1.7 reference, appendix H, note 13.
        return HEADER in head

    def open(self, path: Path, content: BinaryIO | None = None) -> "PdfFile":
        from imagefinder.readers.pdf.pdf_file import PdfFile

        return PdfFile(path, content)
