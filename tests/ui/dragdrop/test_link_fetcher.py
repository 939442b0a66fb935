"""Tests of fetching dropped links, with a local server."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QUrl
from PySide6.QtNetwork import QHostAddress, QHostInfo
from pytestqt.qtbot import QtBot

from imagefinder.settings import Settings
from imagefinder.ui.dragdrop.address_check import is_public
from imagefinder.ui.dragdrop.link_fetcher import Fetch, FetchLimits, LinkFetcher

LOCAL = Settings(fetch_local_addresses=True)


class Site(ThreadingHTTPServer):
    """Local server with content set by the test, which records the requests."""

    daemon_threads = True
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.picture = b""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.is_over = threading.Event()

    def url(self, path: str) -> QUrl:
        return QUrl(f"http://127.0.0.1:{self.server_port}/{path}")


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        name = self.path.strip("/")
        if name == "picture":
            self._send(self.server.picture, "text/html", {"Set-Cookie": "a=1"})
        elif name == "page":
            self._send(b"<!doctype html><html><body>a page around a picture</body></html>", "image/png")
        elif name == "missing":
            self.send_error(404)
        elif name == "huge":
            self._send(self.server.picture, "image/png", {"Content-Length": "5000000000"})
        elif name in ("endless", "slow"):
            self._trickle(is_endless=name == "endless")
        elif name in ("headers", "hints", "header-drip"):
            self._never_end_headers(name)
        elif name == "silent":
            self.server.is_over.wait(20)
        elif name == "loop":
            self._redirect("/loop")
        elif name == "hop":
            self._redirect("/picture")
        elif name == "inwards":
            self._redirect("http://10.0.0.1/secret.png")
        elif name == "file":
            self._redirect("file:///etc/passwd")

    def _send(self, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for key, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | (more or {})).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _trickle(self, *, is_endless: bool) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            self.wfile.write(self.server.picture)
            while not self.server.is_over.wait(0.001 if is_endless else 0.05):
                self.wfile.write(bytes(65536 if is_endless else 1))
        except OSError:
            pass  # the client has closed the connection, as expected

    def _never_end_headers(self, name: str) -> None:
        start = b"HTTP/1.1 200 OK\r\n" if name != "hints" else b""
        line = b"HTTP/1.1 100 Continue\r\n\r\n" if name == "hints" else b"X: " + b"a" * 50 + b"\r\n"
        try:
            self.wfile.write(start)
            while not self.server.is_over.wait(0.05 if name == "header-drip" else 0):
                self.wfile.write(line)
        except OSError:
            pass

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made = Site()
    made.picture = (pictures / "red.png").read_bytes()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.is_over.set()
    made.shutdown()
    made.server_close()
    thread.join()


MakeFetcher = Callable[..., LinkFetcher]


@pytest.fixture
def fetcher(qapp: object) -> Iterator[MakeFetcher]:
    owner = QObject()

    def make(settings: Settings = LOCAL, **limits: float) -> LinkFetcher:
        return LinkFetcher(lambda: settings, owner, replace(FetchLimits(), **limits))  # type: ignore[arg-type]

    yield make
    owner.deleteLater()


def outcome(qtbot: QtBot, fetch: Fetch) -> bytes | str:
    """Return the picture's bytes, or the error message."""
    ends: list[bytes | str] = []
    fetch.fetched.connect(ends.append)
    fetch.failed.connect(ends.append)
    qtbot.waitUntil(lambda: bool(ends))
    assert len(ends) == 1
    return ends[0]


def test_a_picture_is_fetched_whatever_the_server_calls_it(
    qtbot: QtBot, site: Site, fetcher: MakeFetcher
) -> None:
    assert outcome(qtbot, fetcher().fetch(site.url("picture"))) == site.picture


def test_nothing_about_the_user_is_sent(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    made = fetcher()
    outcome(qtbot, made.fetch(site.url("picture")))
    outcome(qtbot, made.fetch(site.url("picture")))
    for _, headers in site.asked:
        assert not {"cookie", "referer", "authorization"} & {name.lower() for name in headers}
        assert headers["Host"] == f"127.0.0.1:{site.server_port}"


def test_a_name_is_connected_to_by_the_address_that_was_checked(
    qtbot: QtBot, site: Site, fetcher: MakeFetcher
) -> None:
    url = site.url("picture")
    url.setHost("localhost")
    assert outcome(qtbot, fetcher().fetch(url)) == site.picture
    assert site.asked[0][1]["Host"] == f"localhost:{site.server_port}"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0.0.0.0"])
def test_this_machine_is_never_asked_unless_the_settings_allow_it(
    qtbot: QtBot, site: Site, fetcher: MakeFetcher, host: str
) -> None:
    url = QUrl(f"http://{host}:{site.server_port}/picture")
    answer = outcome(qtbot, fetcher(Settings()).fetch(url))
    assert isinstance(answer, str)
    assert site.asked == []


def test_the_refusal_says_where_it_can_be_allowed(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    answer = outcome(qtbot, fetcher(Settings()).fetch(site.url("picture")))
    assert "local network" in str(answer)
    assert "Settings > Network" in str(answer)


def test_fetching_can_be_switched_off(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    settings = Settings(fetch_dropped_links=False, fetch_local_addresses=True)
    assert "turned off" in str(outcome(qtbot, fetcher(settings).fetch(site.url("picture"))))
    assert site.asked == []


def test_a_redirect_is_followed(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    assert outcome(qtbot, fetcher().fetch(site.url("hop"))) == site.picture


def test_each_redirect_is_checked_anew(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    checked = LinkFetcher(lambda: next(asked), fetcher().parent())
    # The settings are read twice for each address. They allow the first address but not the second.
    asked = iter([LOCAL, LOCAL, Settings(), Settings()])
    assert "10.0.0.1 is on this computer or the local network" in str(
        outcome(qtbot, checked.fetch(site.url("inwards")))
    )


def test_a_redirect_to_a_file_is_refused(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    assert "http and https" in str(outcome(qtbot, fetcher().fetch(site.url("file"))))


@pytest.mark.parametrize(
    ("path", "limits", "words"),
    [
        ("page", {}, "send a picture"),
        ("missing", {}, "HTTP 404"),
        ("loop", {}, "too many times"),
        ("huge", {}, "larger than 50 MB"),
        ("endless", {"size": 1_000_000}, "larger than 1 MB"),
        ("slow", {"seconds": 0.3}, "didn't send the picture"),
        ("silent", {"seconds": 0.3}, "didn't send the picture"),
        ("header-drip", {"seconds": 0.3}, "didn't send the picture"),
        ("headers", {}, "invalid response"),
        ("hints", {}, "invalid response"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence(
    qtbot: QtBot, site: Site, fetcher: MakeFetcher, path: str, limits: dict[str, float], words: str
) -> None:
    answer = str(outcome(qtbot, fetcher(**limits).fetch(site.url(path))))
    assert words in answer
    assert answer.endswith("Save the picture in your browser, then drop the file.")


@pytest.mark.parametrize("path", ["headers", "hints", "header-drip", "silent", "slow", "endless", "huge"])
def test_after_a_server_that_went_astray_the_next_picture_from_it_comes(
    qtbot: QtBot, site: Site, fetcher: MakeFetcher, path: str
) -> None:
    made = fetcher(seconds=1.0, size=1_000_000)
    for _ in range(8):  # more than any limit of connections to one host
        made.fetch(site.url(path))
    assert isinstance(outcome(qtbot, made.fetch(site.url(path))), str)
    assert outcome(qtbot, made.fetch(site.url("picture"))) == site.picture


def test_a_server_that_is_not_there_is_said(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    url = site.url("picture")
    url.setPort(1)
    assert "couldn't be downloaded" in str(outcome(qtbot, fetcher().fetch(url)))


def test_a_cancelled_fetch_says_nothing(qtbot: QtBot, site: Site, fetcher: MakeFetcher) -> None:
    fetch = fetcher().fetch(site.url("slow"))
    said: list[object] = []
    fetch.fetched.connect(said.append)
    fetch.failed.connect(said.append)
    with qtbot.waitSignal(fetch.progress):
        pass
    with qtbot.waitSignal(fetch.destroyed):
        fetch.cancel()
    assert said == []


@pytest.mark.parametrize(
    "address",
    """127.0.0.1 127.8.9.1 10.0.0.1 172.16.3.4 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1
    255.255.255.255 240.0.0.1 192.0.2.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 ff02::1 fec0::1
    ::ffff:127.0.0.1 ::ffff:192.168.0.1 ::7f00:1 64:ff9b::a00:1 2002:a00:1:: 2001:db8::1 3fff::1
    192.0.0.9 192.88.99.1 nonsense""".split(),
)
def test_addresses_around_us_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_a_name_with_one_address_in_the_local_network_is_not_asked(
    qtbot: QtBot, fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = QHostInfo()
    info.setAddresses([QHostAddress("93.184.215.14"), QHostAddress("192.168.1.1")])
    monkeypatch.setattr(Fetch, "_connect_to", lambda *_: pytest.fail("it was asked"))
    fetch = fetcher(Settings()).fetch(QUrl("https://images.example/cat.png"))
    with qtbot.waitSignal(fetch.failed):
        fetch._resolved(info)


def test_a_redirect_from_a_safe_connection_to_an_unsafe_one_is_refused(
    qtbot: QtBot, fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Fetch, "_go", lambda _: pytest.fail("it was followed"))
    fetch = fetcher().fetch(QUrl("https://images.example/cat.png"))
    with qtbot.waitSignal(fetch.failed):
        fetch._redirect(QUrl("http://images.example/cat.png"))
