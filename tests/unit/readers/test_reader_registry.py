"""Choice of the reader for a file, and files that no reader opens."""

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind
from imagefinder.readers import disk
from imagefinder.readers.reader_registry import READERS, explain, extensions, open_media


def test_the_extensions_are_those_of_all_readers() -> None:
    assert extensions() == frozenset().union(*(reader.extensions for reader in READERS))
    assert {"jpg", "heic", "avif", "tif", "pdf"} <= extensions()


def test_no_two_readers_claim_the_same_extension() -> None:
    assert len(extensions()) == sum(len(reader.extensions) for reader in READERS)


@pytest.mark.parametrize(
    ("format_name", "name"),
    [("PNG", "a.jpg"), ("JPEG", "a.pdf"), ("WEBP", "a"), ("GIF", "a.txt"), ("JPEG", "A.TGA")],
)
def test_a_picture_is_known_by_its_content_whatever_its_name(
    save: Callable[..., Path], scene: Image.Image, format_name: str, name: str
) -> None:
    with open_media(save(scene, name, format_name)) as media:
        assert media.load(1, 16).facts.kind is ItemKind.PICTURE


def test_a_pdf_is_known_by_its_content_whatever_its_name(new_pdf: Any, tmp_path: Path) -> None:
    new_pdf.new_page()
    for name in ("a.jpg", "a", "a.tga"):
        path = tmp_path / name
        path.write_bytes(new_pdf.tobytes())
        with open_media(path) as media:
            assert media.load(1, 16).facts.kind is ItemKind.PAGE


def test_a_pdf_with_junk_before_its_header_is_still_one(new_pdf: Any, tmp_path: Path) -> None:
    new_pdf.new_page()
    path = tmp_path / "a.pdf"
    path.write_bytes(b"\r\nHTTP/1.1 200 OK\r\n" * 20 + new_pdf.tobytes())
    with open_media(path) as media:
        assert media.part_count == 1


def test_the_case_of_an_extension_does_not_matter(save: Callable[..., Path], scene: Image.Image) -> None:
    with open_media(save(scene, "A.TGA", "TGA")) as media:
        assert media.part_count == 1


def test_what_no_reader_knows_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(b"PK\3\4 and so on")
    with pytest.raises(UnreadableError, match="not a picture or PDF in any known format"):
        open_media(path)


def test_an_empty_file_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    with pytest.raises(UnreadableError, match="the file is empty"):
        open_media(tmp_path / "a.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(UnreadableError, match="not an ordinary file"):
        open_media(tmp_path / "a.jpg")


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets in the file system")
def test_a_socket_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is limited to about 100 bytes
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("a.jpg")
        with pytest.raises(UnreadableError, match="not an ordinary file"):
            open_media(tmp_path / "a.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no devices in the file system")
def test_a_device_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("/dev/zero")
    with pytest.raises(UnreadableError, match="not an ordinary file"):
        open_media(tmp_path / "a.jpg")


def test_a_link_that_leads_to_itself_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to(tmp_path / "a.jpg")
    with pytest.raises(UnreadableError, match="it is a link that leads back to itself"):
        open_media(tmp_path / "a.jpg")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_unreadable(save: Callable[..., Path], scene: Image.Image) -> None:
    path = save(scene, "a.png")
    path.chmod(0)
    with pytest.raises(UnreadableError, match="you have no permission to read it"):
        open_media(path)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EACCES, "you have no permission to read it"),
        (errno.ENOENT, "it is no longer there"),
        (errno.EIO, "the drive reports a read error"),
        (errno.ESTALE, "its drive or network folder does not answer"),
        (errno.ENOSPC, "the system cannot read it (No space left on device)"),
    ],
)
def test_what_the_system_says_becomes_plain_words(
    save: Callable[..., Path], scene: Image.Image, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    path, error = save(scene, "a.png"), OSError(code, os.strerror(code))

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(disk.Path, "open", refuse)
    with pytest.raises(UnreadableError) as caught:
        open_media(path)
    assert str(caught.value) == words == str(explain(error))


def test_the_registry_imports_nothing_heavy() -> None:
    code = "import sys, imagefinder.readers.reader_registry; print(*sorted(sys.modules))"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert not {"pymupdf", "torch", "torchvision", "open_clip", "hnswlib"} & set(done.stdout.split())
