"""Tests of parsing MIME data as provided by different programs."""

import base64
import os
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMimeData, QUrl
from PySide6.QtGui import QColor, QImage

from imagefinder.ui.dragdrop.mime_parser import Dropped, may_hold_pictures, read_mime

PICTURE = "https://images.example/cat.png"
PAGE = "https://www.example/page-about-cats"


def png() -> bytes:
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


def mime(**formats: str | bytes) -> QMimeData:
    """Return MIME data with formats given by name, with ``__`` for a slash and ``_`` for a hyphen."""
    made = QMimeData()
    for name, data in formats.items():
        kind = name.replace("__", "/").replace("_", "-")
        made.setData(kind, data.encode() if isinstance(data, str) else data)
    return made


def links(found: Dropped) -> list[str]:
    return [url.toString() for url in found.links]


def test_files_and_folders_of_a_file_manager_are_told_apart(pictures: Path) -> None:
    red, green = pictures / "red.png", pictures / "green.png"
    given = mime(text__uri_list=f"{red.as_uri()}\r\n{green.as_uri()}\r\n{pictures.as_uri()}\r\n")
    assert may_hold_pictures(given)
    assert read_mime(given) == Dropped(files=(red, green), folders=(pictures,))


def test_files_copied_in_gnome_are_found(pictures: Path) -> None:
    red = pictures / "red.png"
    given = mime(x_special__gnome_copied_files=f"copy\n{red.as_uri()}", text__plain=str(red))
    assert read_mime(given).files == (red,)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_a_file_whose_name_is_no_text_is_found(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.png")
    try:
        path.write_bytes(png())
    except OSError:
        pytest.skip("this disk takes names that are text only")
    assert read_mime(mime(text__uri_list=path.as_uri())).files == (path,)


@pytest.mark.parametrize("write", ["{}", '"{}"', "'{}'", "  {}  "])
def test_a_path_pasted_as_text_is_a_file(pictures: Path, write: str) -> None:
    given = QMimeData()
    given.setText(write.format(pictures / "red.png"))
    assert may_hold_pictures(given)
    assert read_mime(given).files == (pictures / "red.png",)


def test_several_paths_pasted_as_lines_are_files(pictures: Path) -> None:
    given = QMimeData()
    given.setText(f"{pictures / 'red.png'}\n{(pictures / 'blue.png').as_uri()}\n\n{pictures}\n")
    found = read_mime(given)
    assert found.files == (pictures / "red.png", pictures / "blue.png")
    assert found.folders == (pictures,)


@pytest.mark.parametrize("text", ["a dog on the beach", "and/or", "", "/no/such/file.jpg", "a\n/tmp"])
def test_words_are_no_files(text: str) -> None:
    given = QMimeData()
    given.setText(text)
    assert not read_mime(given)


def test_firefox_gives_the_picture_itself_beside_the_page_it_links_to() -> None:
    given = mime(
        text__x_moz_url=f"{PAGE}\nAbout cats".encode("utf-16-le"),
        application__x_moz_file_promise_url=PICTURE.encode("utf-16-le"),
        text__html=f'<a href="{PAGE}"><img alt="cat" src="{PICTURE}"></a>',
        text__plain=PAGE,
        text__uri_list=PAGE,
    )
    assert may_hold_pictures(given)
    assert links(read_mime(given)) == [PICTURE, PAGE]


def test_firefox_with_picture_data_needs_no_network() -> None:
    given = mime(
        text__x_moz_url=f"{PICTURE}\ncat.png".encode("utf-16-le"),
        text__html=f'<img src="{PICTURE}">',
        image__png=png(),
    )
    assert read_mime(given) == Dropped(data=png())


def test_chromium_gives_an_address_and_html() -> None:
    given = mime(text__uri_list=PAGE, text__html=f"<meta charset='utf-8'><img src='{PICTURE}?a=1&amp;b=2'/>")
    assert links(read_mime(given))[0] == f"{PICTURE}?a=1&b=2"


def test_a_picture_inside_the_address_is_data() -> None:
    source = "data:image/png;base64," + base64.b64encode(png()).decode()
    given = mime(text__uri_list=source, text__html=f'<img class="x" src="{source}">')
    assert read_mime(given) == Dropped(data=png())


def test_a_data_address_that_was_cut_off_is_nothing() -> None:
    assert not read_mime(mime(text__html='<img src="data:image/png;base64,AAA">'))


def test_safari_gives_an_address_alone() -> None:
    given = QMimeData()
    given.setUrls([QUrl(PICTURE)])
    assert links(read_mime(given)) == [PICTURE]


def test_edge_gives_a_local_file_that_it_made_beside_the_address(pictures: Path) -> None:
    red = pictures / "red.png"
    given = mime(text__uri_list=f"{red.as_uri()}\r\n", text__html=f'<img src="{PICTURE}">', image__png=png())
    assert read_mime(given) == Dropped(files=(red,))


def test_an_address_without_a_scheme_is_fetched_safely() -> None:
    assert links(read_mime(mime(text__html="<img src=//images.example/cat.png>"))) == [
        "https://images.example/cat.png"
    ]


@pytest.mark.parametrize(
    "address", ["ftp://x.example/a.png", "javascript:alert(1)", "blob:https://x/1", "a.png"]
)
def test_no_other_kind_of_address_is_a_link(address: str) -> None:
    assert not read_mime(mime(text__html=f'<img src="{address}">')).links


def test_picture_data_of_the_clipboard_is_taken_as_an_image(qapp: object) -> None:
    given = QMimeData()
    image = QImage(8, 6, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    given.setImageData(image)
    assert may_hold_pictures(given)
    found = read_mime(given)
    assert found.image is not None
    assert found.image.size() == image.size()


@pytest.mark.parametrize(
    "tag",
    [
        '<IMG alt="x" SRC="{}">',
        "<p><img class=a src='{}' />",
        "<img width=3 src={}>",
        '<img alt="no address"><img src="{}">',
        '<img\nsrc = "{}"',
    ],
)
def test_the_picture_of_a_page_is_found_however_it_is_written(tag: str) -> None:
    assert links(read_mime(mime(text__html=tag.format(PICTURE)))) == [PICTURE]


@pytest.mark.parametrize(
    "page", ["<img " * 100_000, "<img " + "src " * 100_000, "<img " + " src" * 100_000 + ">"]
)
def test_a_page_made_to_hold_us_up_does_not(page: str) -> None:
    # With a single regular expression for tag and attribute, this would take hours.
    given = mime(text__html=page)
    assert not may_hold_pictures(given)
    assert not read_mime(given)


def test_a_path_in_the_text_of_a_page_is_words(pictures: Path) -> None:
    given = mime(text__html="<p>see the path</p>")
    given.setText(str(pictures / "red.png"))
    assert not read_mime(given).files
