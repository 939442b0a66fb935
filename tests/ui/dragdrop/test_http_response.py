"""Tests of the HTTP response parser with complete, fragmented and malformed responses."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagefinder.ui.dragdrop.http_response import MOST_HEAD, HttpError, HttpResponse

OK = b"HTTP/1.1 200 OK\r\n"


def taken(*pieces: bytes) -> tuple[HttpResponse, bytes]:
    response = HttpResponse()
    body = b"".join(map(response.feed, pieces))
    if not response.is_over:
        response.close()
    return response, body


WHOLE = [
    (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    (OK + b"\r\nhello", b"hello"),
    (OK + b"Content-Length: 0\r\n\r\n", b""),
    (OK + b"content-length:5\r\nX: y\r\n\r\nhellowhat follows is not its body", b"hello"),
    (b"HTTP/1.0 200 OK\n\nhello", b"hello"),
    (b"HTTP/1.1 200\r\n\r\nhello", b"hello"),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello"),
    (
        OK + b"Transfer-Encoding: Chunked\r\nContent-Length: 2\r\n\r\n05\r\nhello\r\n0\r\nTrailer: x\r\n\r\n",
        b"hello",
    ),
    (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + b"\r\nhello", b"hello"),
    (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + OK + b"\r\nhello", b"hello"),
]


@pytest.mark.parametrize(("text", "body"), WHOLE)
def test_a_response_is_understood_whole_and_byte_by_byte(text: bytes, body: bytes) -> None:
    for response, found in (taken(text), taken(*(text[at : at + 1] for at in range(len(text))))):
        assert found == body
        assert (response.status, response.is_over) == (200, True)


@given(st.sampled_from(WHOLE), st.lists(st.integers(0, 150), max_size=8))
def test_it_does_not_matter_how_it_is_cut(whole: tuple[bytes, bytes], cuts: list[int]) -> None:
    text, body = whole
    at = [0, *sorted(cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(at)]
    assert taken(*pieces)[1] == body


def test_status_and_headers_are_there_with_the_head() -> None:
    response = HttpResponse()
    response.feed(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nlocation: /elsewhere\r\n\r\n")
    assert (response.status, response.headers["location"]) == (302, "/there")


@pytest.mark.parametrize(
    "text",
    [
        b"\0\1\2garbage\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b" folded: x\r\n\r\n",
        OK + b"Content-Length: -5\r\n\r\n",
        OK + b"Content-Length: abc\r\n\r\n",
        OK + b"Content-Length: 1" + b"0" * 5000 + b"\r\n\r\n",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 16 + b"\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
        OK + b"Content-Length: 5\r\n\r\nhell",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhell",
        OK,
        b"",
    ],
)
def test_what_is_none_or_not_whole_is_said(text: bytes) -> None:
    with pytest.raises(HttpError):
        taken(text)


@pytest.mark.parametrize(
    "piece", [b"X: " + b"a" * 1000 + b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"a" * 1000]
)
def test_headers_without_end_are_given_up(piece: bytes) -> None:
    response = HttpResponse()
    response.feed(OK if piece.startswith(b"X") else b"")
    with pytest.raises(HttpError, match="too long"):
        for _ in range(2 * MOST_HEAD // len(piece) + 2):
            response.feed(piece)
