"""Tests of what users may give for a file: paths, and addresses as copied from other programs."""

import base64
import io
import os
import re
import socket
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from imagefinder import addresses
from imagefinder.addresses import given_path, given_picture
from imagefinder.domain.errors import UsageError


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (8, 6), "red").save(target, "PNG")
    return target.getvalue()


@pytest.mark.parametrize(
    "address",
    [
        "file:///home/ann/cat.jpg",
        "file://localhost/home/ann/cat.jpg",
        "FILE:///home/ann/cat.jpg",
        "file:/home/ann/cat.jpg",
        "file:///home/ann/c%61t.jpg",
        "file:///home/ann/cat.jpg\r\n",
        "  file:///home/ann/cat.jpg",
        "file:///home/ann/album/../cat.jpg",
        "file:///home/ann/cat.jpg#page=3",
        "file:///home/ann/cat.jpg?x=1",
        f"file://{socket.gethostname()}/home/ann/cat.jpg",
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has other paths")
def test_a_file_address_is_the_path_it_stands_for(address: str, cache: Path) -> None:
    assert given_path(address) == Path("/home/ann/cat.jpg")
    assert given_picture(address, cache) == Path("/home/ann/cat.jpg")


@pytest.mark.parametrize("name", ["two words.jpg", "été 图片.jpg", "100%.jpg", "a#b?c.jpg", "\udcff.jpg"])
@pytest.mark.parametrize("is_encoded", [True, False])
@pytest.mark.skipif(os.name == "nt", reason="Windows has other names")
def test_any_name_survives_in_a_file_address(tmp_path: Path, name: str, is_encoded: bool) -> None:
    path = tmp_path / name
    path.touch()
    written = quote(os.fsencode(path)) if is_encoded else str(path)
    assert given_path(f"file://{written}") == path


@pytest.mark.parametrize("address", ["file://server/share/cat.jpg", "file://home/ann/cat.jpg"])
@pytest.mark.skipif(os.name == "nt", reason="Windows reaches other computers by such addresses")
def test_a_file_of_another_computer_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"a file of another computer, “(server|home)”"):
        given_path(address)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///C:/Users/Ann/cat.jpg", "C:/Users/Ann/cat.jpg"),
        ("file://C:/cat.jpg", "C:/cat.jpg"),
        ("file:///c|/cat.jpg", "c:/cat.jpg"),
        ("file://server/share/cat.jpg", "//server/share/cat.jpg"),
    ],
)
def test_a_file_address_of_windows_is_a_path_of_windows(
    address: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "_checked", lambda given: given)
    file = re.fullmatch(addresses._FILE, address)
    assert file is not None
    assert addresses._windows_path(file["host"] or "", file["path"]) == path


@pytest.mark.parametrize(
    "given", ["C:\\pictures\\cat.jpg", "c:cat.jpg", "a: b.jpg", "note:cat.jpg", "cat.jpg", "./file:x"]
)
def test_what_is_no_address_is_a_path(given: str, cache: Path) -> None:
    assert given_picture(given, cache) == given_path(given) == Path.cwd() / given


@pytest.mark.parametrize(
    "name", ["file:cat.jpg", "data:x", "data:image/png;base64,AAAA", "file:", "https:x", "http:"]
)
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_file_that_is_really_called_so_is_meant(
    name: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert given_picture(name, cache) == given_path(name) == path


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/cat.jpg",
        "HTTP://example.com",
        "ftp://x/y.jpg",
        "smb://server/a",
        "blob:https://x/1",
    ],
)
def test_an_address_that_would_have_to_be_fetched_is_refused(address: str, cache: Path) -> None:
    with pytest.raises(UsageError, match=r"Addresses are not fetched.*Save the picture and give its file"):
        given_picture(address, cache)
    with pytest.raises(UsageError, match="is an address, and a path on this computer is needed"):
        given_path(address)


def test_a_picture_in_a_data_address_becomes_a_file(png: bytes, cache: Path) -> None:
    packed = base64.b64encode(png).decode()
    lines = "\n".join(packed[at : at + 40] for at in range(0, len(packed), 40))
    for address in (
        f"data:image/png;base64,{packed}",
        f"DATA:image/png;charset=x;BASE64,{packed}",
        f"data:image/png;base64,{packed.rstrip('=')}",
        f"data:image/png;base64,{lines}",
        f"data:image/png;base64,{quote(packed)}",
        f"data:;base64,{packed}",
        f"data:image/png,{quote(png)}",
    ):
        path = given_picture(address, cache)
        assert path.read_bytes() == png
        assert path.suffix == ".png"
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize(
    "address",
    [
        "data:image/png;base64,!!!!",
        "data:image/png;base64,iVBORw0KGgoAAAA=AAAA",
        "data:image/png;base64,A",
        "data:image/png;base64,",
        "data:image/svg+xml,<svg/>",
        "data:,hello",
        "data:image/png",
        "data:",
        "data:text/plain;base64,aGVsbG8=",
    ],
)
def test_a_data_address_without_a_picture_is_refused_and_leaves_nothing(address: str, cache: Path) -> None:
    with pytest.raises(UsageError, match="holds no picture that can be read"):
        given_picture(address, cache)
    assert not cache.exists()


def test_a_picture_beyond_all_bounds_is_refused(
    monkeypatch: pytest.MonkeyPatch, png: bytes, cache: Path
) -> None:
    monkeypatch.setattr(addresses, "MOST_DATA_BYTES", 50)
    for address in (
        "data:image/png;base64," + base64.b64encode(png).decode(),
        "data:image/png;base64," + "A" * 400,
        "data:image/png," + "x" * 60,
    ):
        with pytest.raises(UsageError, match=r"holds more than .* MB"):
            given_picture(address, cache)


def test_a_long_address_does_not_fill_the_message(cache: Path) -> None:
    with pytest.raises(UsageError) as caught:
        given_picture("data:image/png;base64," + "A" * 100_000, cache)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("given", ["a\0b", "\ud800.jpg", "file:///a%00b"])
def test_what_no_file_can_be_called_is_refused(given: str, cache: Path) -> None:
    with pytest.raises(UsageError, match="no file's name can have"):
        given_picture(given, cache)


def test_the_folder_of_nobody_is_a_path_like_any_other() -> None:
    assert given_path("~nobody-of-that-name/x") == Path.cwd() / "~nobody-of-that-name" / "x"


def test_a_path_is_never_taken_for_an_address() -> None:
    assert given_path(Path("file:/x")) == Path.cwd() / "file:" / "x"
