"""PDFs without a page tree or cross-reference table, and PDFs that encrypt only their attachments."""

from pathlib import Path
from typing import Any

import pymupdf
import pytest

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.pdf.pdf_reader import PdfReader


@pytest.fixture
def pages(new_pdf: Any) -> Any:
    """Document of three pages with their numbers as text."""
    for number in range(1, 4):
        new_pdf.new_page(width=400, height=300).insert_text((40, 60), f"This is page {number}")
    return new_pdf


def written(document: Any, trailer: str = "") -> bytes:
    """Write the document as a file. Unlike MuPDF, this can write it without pages or declared as encrypted."""
    content, places = b"%PDF-1.7\n", []
    for number in range(1, document.xref_length()):
        places.append(b"%010d 00000 n \n" % len(content))
        content += f"{number} 0 obj\n{document.xref_object(number, compressed=True)}\n".encode()
        if document.xref_is_stream(number):
            content += b"stream\n" + document.xref_stream_raw(number) + b"\nendstream\n"
        content += b"endobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + b"".join(places)
    root = f"trailer\n<</Size {len(places) + 1}/Root {document.pdf_catalog()} 0 R{trailer}>>\n".encode()
    return content + table + root + b"startxref\n%d\n%%%%EOF\n" % len(content)


def texts(folder: Path, content: bytes) -> list[str]:
    path = folder / "document.pdf"
    path.write_bytes(content)
    with PdfReader().open(path) as media:
        return [media.load(part, 50).facts.text for part in range(1, media.part_count + 1)]


ALL = ["This is page 1", "This is page 2", "This is page 3"]


@pytest.mark.parametrize(
    "tree",
    [
        "<</Type/Pages/Count 0/Kids[]>>",
        "<</Type/Pages/Count -3/Kids[]>>",
        "<</Type/Nonsense>>",
        "[1 2 3]",
    ],
)
def test_pages_are_found_without_their_tree(pages: Any, tmp_path: Path, tree: str) -> None:
    number = int(pages.xref_get_key(pages.pdf_catalog(), "Pages")[1].split()[0])
    pages.update_object(number, tree)
    assert texts(tmp_path, written(pages)) == ALL


def test_a_page_in_the_place_of_the_tree_is_shown(pages: Any, tmp_path: Path) -> None:
    pages.xref_set_key(pages.pdf_catalog(), "Pages", f"{pages[0].xref} 0 R")
    assert texts(tmp_path, written(pages)) == ALL


def test_a_page_that_stands_within_the_tree_is_shown(pages: Any, tmp_path: Path) -> None:
    number = int(pages.xref_get_key(pages.pdf_catalog(), "Pages")[1].split()[0])
    page = pages.xref_object(pages[0].xref, compressed=True)
    pages.update_object(number, f"<</Type/Pages/Count 1/Kids[{page}]>>")
    assert texts(tmp_path, written(pages)) == ALL[:1]


def test_pages_are_found_without_the_entry_of_their_tree(pages: Any, tmp_path: Path) -> None:
    pages.xref_set_key(pages.pdf_catalog(), "Pages", "null")
    assert texts(tmp_path, written(pages)) == ALL


def test_pages_are_found_where_a_later_table_of_objects_loses_them(pages: Any, tmp_path: Path) -> None:
    content = written(pages)
    lost = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 20/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    content += lost % (pages.pdf_catalog(), len(content))
    assert pymupdf.open(stream=content, filetype="pdf").page_count == 0
    assert texts(tmp_path, content) == ALL


def test_a_pdf_without_any_page_is_refused(pages: Any, tmp_path: Path) -> None:
    for page in [page.xref for page in pages]:
        pages.xref_set_key(page, "Type", "/Nothing")
    pages.xref_set_key(pages.pdf_catalog(), "Pages", "null")
    with pytest.raises(UnreadableError, match="no page can be found"):
        texts(tmp_path, written(pages))


def encrypted(document: Any, filters: str) -> bytes:
    """Write the document with an encryption dictionary that no password fits."""
    number = document.get_new_xref()
    key = "00" * 48
    document.update_object(
        number,
        f"<</Filter/Standard/V 5/R 6/Length 256/P -4/O<{key}>/U<{key}>/OE<{key[:64]}>/UE<{key[:64]}>"
        f"/Perms<{key[:32]}>/CF<</StdCF<</AuthEvent/EFOpen/CFM/AESV3/Length 32>>>>/EFF/StdCF{filters}>>",
    )
    return written(document, f"/Encrypt {number} 0 R")


@pytest.mark.parametrize("filters", ["/StmF/Identity/StrF/Identity", "", "/StrF/Identity"])
def test_a_pdf_that_encrypts_its_attachments_alone_is_read(pages: Any, tmp_path: Path, filters: str) -> None:
    assert texts(tmp_path, encrypted(pages, filters)) == ALL


@pytest.mark.parametrize("filters", ["/StmF/StdCF/StrF/StdCF", "/StmF/StdCF/StrF/Identity"])
def test_a_pdf_whose_pages_are_encrypted_still_needs_its_password(
    pages: Any, tmp_path: Path, filters: str
) -> None:
    with pytest.raises(UnreadableError, match="password"):
        texts(tmp_path, encrypted(pages, filters))


@pytest.mark.parametrize(
    "box", ["[0 0 0 0]", "[400 300 500 500]", "[-50 -50 -10 -10]", "[1 2]", "[0 0 (a) 1]"]
)
def test_a_page_is_shown_whole_where_its_crop_box_leaves_nothing(
    pages: Any, tmp_path: Path, box: str
) -> None:
    pages.xref_set_key(pages[1].xref, "CropBox", box)
    path = tmp_path / "document.pdf"
    path.write_bytes(written(pages))
    with PdfReader().open(path) as media:
        facts = media.load(2, 50).facts
        assert (facts.width, facts.height, facts.text) == (400, 300, ALL[1])
        assert len(media.find(2, "page 2")) == 1


@pytest.mark.parametrize("box", ["[0 0 200 300]", "[200 300 0 0]"])
def test_a_sound_crop_box_is_left_alone(pages: Any, tmp_path: Path, box: str) -> None:
    pages.xref_set_key(pages[1].xref, "CropBox", box)
    path = tmp_path / "document.pdf"
    path.write_bytes(written(pages))
    with PdfReader().open(path) as media:
        facts = media.load(2, 50).facts
        assert (facts.width, facts.height) == (200, 300)


def test_a_page_whose_crop_box_cannot_be_looked_up_is_shown(
    pages: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(written(pages))

    def fail(*_: object) -> None:
        raise pymupdf.mupdf.FzErrorSyntax("syntax error in object")

    with PdfReader().open(path) as media:
        monkeypatch.setattr(pymupdf.Document, "xref_get_key", fail)
        assert media.load(1, 50).facts.text == ALL[0]
