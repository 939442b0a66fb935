"""The two kinds of link between the main process and a decoder process."""

import errno
import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fakes import picture

from imagefinder.isolation import decoder_link
from imagefinder.isolation.decoder_link import (
    Link,
    LinkError,
    PipeLink,
    SocketLink,
    nameless_file,
    pixels_file,
)

Ends = tuple[Link, Link]


@pytest.fixture(params=["socket", "pipes"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    made: Ends
    if request.param == "socket":
        ours, theirs = socket.socketpair()
        files = nameless_file(), pixels_file()
        made = SocketLink(ours, *files), SocketLink(theirs, *map(os.dup, files))
    else:
        (there, here), (back, forth) = os.pipe(), os.pipe()
        made = (
            PipeLink(os.fdopen(there, "rb"), os.fdopen(forth, "wb")),
            PipeLink(os.fdopen(back, "rb"), os.fdopen(here, "wb")),
        )
    yield made
    for end in made[::-1]:
        if isinstance(end, PipeLink):
            end._target.close()
    for end in made:
        end.close()


def test_messages_cross_in_order(ends: Ends) -> None:
    ours, theirs = ends
    assert not theirs.is_waiting(0.01)
    for number in range(3):
        ours.send({"number": number, "name": "b\udcff画"})
    assert theirs.is_waiting(1)
    assert [theirs.receive()["number"] for _ in range(3)] == [0, 1, 2]
    assert not theirs.is_waiting(0.01)
    theirs.send({"answer": None})
    assert ours.receive() == {"answer": None}


@pytest.mark.parametrize("kind", ["memory", "disk"])
def test_a_files_content_crosses(ends: Ends, tmp_path: Path, kind: str) -> None:
    ours, theirs = ends
    data = bytes(range(256)) * 5000
    (tmp_path / "a").write_bytes(data)
    with io.BytesIO(data) if kind == "memory" else (tmp_path / "a").open("rb") as file:
        ours.send({"do": "open"}, file)
    assert theirs.receive() == {"do": "open"}
    content = theirs.file()
    assert content is not None
    with content:
        content.seek(0)
        assert content.read() == data
    assert theirs.file() is None


def test_pictures_cross_whatever_their_size(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = ends
    monkeypatch.setattr(decoder_link, "_MAPPED_BYTES", 400 * 300 * 4)
    for size in ((1, 1), (400, 300), (401, 300), (3, 5)):
        image = picture("red", size[0], size)
        theirs.send_image(image)
        theirs.send({})
        assert ours.receive() == {}
        assert ours.image(*size).tobytes() == image.tobytes()


def test_pixels_that_were_not_handed_over_are_missed(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = ends
    monkeypatch.setattr(decoder_link, "_MAPPED_BYTES", 100)
    theirs.send_image(picture("red"))
    theirs.send({})
    ours.receive()
    with pytest.raises(LinkError):
        ours.image(10_000, 10_000)
    with pytest.raises(LinkError):
        ours.image(10**6, 10**6)


def test_the_end_of_the_other_end_is_an_error(ends: Ends) -> None:
    ours, theirs = ends
    theirs._target.close() if isinstance(theirs, PipeLink) else theirs.close()
    assert ours.is_waiting(1)
    with pytest.raises(LinkError):
        ours.receive()


@pytest.mark.parametrize(
    "garbage", [b"J\0\0\0\2[]", b"J\0\0\0\2{x", b"J\xff\xff\xff\xff", b"B\0\0\0\1x", b"\0" * 5]
)
def test_garbage_is_an_error_and_nothing_else(garbage: bytes) -> None:
    ours, theirs = socket.socketpair()
    link = SocketLink(ours, nameless_file(), nameless_file())
    theirs.sendall(garbage)
    with pytest.raises(LinkError):
        link.receive()
    theirs.close()
    link.close()


def test_pixels_cross_where_the_program_has_no_address_space_to_map_them(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    ours, theirs = ends
    for number in range(2):
        image = picture("red", number, (30, 20))
        theirs.send_image(image)
        theirs.send({})
        assert ours.receive() == {}
        monkeypatch.setattr("imagefinder.isolation.decoder_link.mmap.mmap", refuse)
        assert ours.image(30, 20).tobytes() == image.tobytes()
