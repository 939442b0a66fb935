"""Files named ``.pdf`` that are of another type which MuPDF opens."""

import io
import os
import zipfile
from pathlib import Path

import pymupdf
import pytest
from conftest import save
from helpers.fakes import picture

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.pdf.pdf_file import PdfFile
from imagefinder.readers.reader_registry import open_media

HTML = b"<html><body><p>words</p><img src='neighbour.png'><img src='file:///etc/hostname'></body></html>"
SVG = (
    b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x SYSTEM 'file:///etc/hostname'>]>"
    b"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'><text x='5' y='20'>words &x;</text></svg>"
)
FB2 = b"<?xml version='1.0'?><FictionBook><body><section><p>words</p></section></body></FictionBook>"


def zipped(files: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def png() -> bytes:
    made = io.BytesIO()
    picture("red").save(made, "PNG")
    return made.getvalue()


EPUB = {
    "mimetype": b"application/epub+zip",
    "META-INF/container.xml": b"<container><rootfiles><rootfile full-path='a.opf'/></rootfiles></container>",
    "a.opf": b"<package><manifest><item id='a' href='a.html'/></manifest><spine><itemref idref='a'/></spine></package>",
    "a.html": HTML,
}
DOCX = {
    "[Content_Types].xml": b"<Types/>",
    "word/document.xml": b"<w:document xmlns:w='x'><w:body><w:p><w:r><w:t>words</w:t></w:r></w:p></w:body>"
    b"</w:document>",
    "word/_rels/document.xml.rels": b"<Relationships/>",
}
XPS = {
    "_rels/.rels": b"<Relationships><Relationship Type='http://schemas.microsoft.com/xps/2005/06/fixedrepresentation' "
    b"Target='/a.fdseq'/></Relationships>",
    "a.fdseq": b"<FixedDocumentSequence><DocumentReference Source='a.fdoc'/></FixedDocumentSequence>",
}
MOBI = b"name".ljust(32, b"\0") + bytes(28) + b"BOOKMOBI" + bytes(10) + b"\0\1" + bytes(100)
KINDS = {
    "html": HTML,
    "html-with-space-before": b"\r\n\t  " + HTML,
    "html-of-33-mb": HTML + b" " * 34_000_000,
    "xhtml": b"<?xml version='1.0'?>" + HTML,
    "svg": SVG,
    "fb2": FB2,
    "epub": zipped(EPUB),
    "epub-packed": zipped(EPUB, zipfile.ZIP_DEFLATED),
    "cbz": zipped({"1.png": png(), "../../2.png": png()}),
    "docx": zipped(DOCX),
    "xps": zipped(XPS),
    "mobi": MOBI,
    "text": b"plain text\n" * 50,
    "markdown": b"# Title\n\n![](neighbour.png)\n",
    "json": b'{"a": [1, 2, 3]}',
    "rtf": b"{\\rtf1\\ansi words}",
    "postscript": b"%!PS-Adobe-3.0\n/Helvetica findfont 20 scalefont setfont (words) show showpage\n",
    "zeros": bytes(5000),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_in_memory", [True, False])
def test_what_is_no_pdf_is_not_opened_as_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, is_in_memory: bool
) -> None:
    save(picture("red"), tmp_path / "neighbour.png")
    path = tmp_path / f"{kind}.pdf"
    path.write_bytes(KINDS[kind])
    opened = pymupdf.open

    def open_pdf(**source: object) -> pymupdf.Document:
        document = opened(**source)
        assert document.is_pdf
        return document

    monkeypatch.setattr(pymupdf, "open", open_pdf)
    with pytest.raises(UnreadableError, match="not a PDF, though its name says so"):
        open_media(path, io.BytesIO(KINDS[kind]) if is_in_memory else None)


def test_a_name_that_is_no_text_makes_no_difference(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pdf"))
    path.write_bytes(HTML)
    with pytest.raises(UnreadableError, match="not a PDF"):
        open_media(path)


def test_a_picture_called_pdf_is_a_picture(tmp_path: Path) -> None:
    (tmp_path / "x.pdf").write_bytes(png())
    with open_media(tmp_path / "x.pdf") as media:
        assert not isinstance(media, PdfFile)
        assert media.load(1, 32).image.getpixel((1, 1)) == (255, 0, 0)


@pytest.mark.parametrize("before", [b"", b"junk " * 100, b"junk " * 2000, b"\xef\xbb\xbf", HTML + b"\n"])
def test_a_pdf_is_one_whatever_stands_before_it(
    tmp_path: Path, new_pdf: pymupdf.Document, before: bytes
) -> None:
    new_pdf.new_page().insert_text((50, 50), "words of the page")
    (tmp_path / "x.pdf").write_bytes(before + new_pdf.tobytes())
    with open_media(tmp_path / "x.pdf") as media:
        assert media.load(1, 64).facts.text == "words of the page"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 " + HTML, b"<html><!-- %PDF-1.7 --></html>", b"%PDF-1.7\n" + zipped(EPUB)]
)
def test_what_only_begins_as_a_pdf_is_a_damaged_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.pdf").write_bytes(content)
    with pytest.raises(UnreadableError, match="damaged"):
        open_media(tmp_path / "x.pdf")
