"""Drops from other programs on a real window, by real drags through the X server."""

import base64
import io
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from helpers.program import Program
from helpers.real_window import MIDDLE, NAME, PANEL, QUERY, OpenWindow, RealWindow
from helpers.x11 import Screen, until
from smoke_pictures import FILES, like

Data = dict[str, str | bytes]
SETTINGS = {"fetch_local_addresses": True}
"""Allows addresses on this machine, where the test's web site is."""


def _bytes_of(name: str, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    like(name).save(buffer, kind)
    return buffer.getvalue()


class Site:
    """Web site on this machine that serves one picture."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Paths requested."""
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                is_picture = self.path.endswith(".png")
                body = _bytes_of("pink") if is_picture else b"<html><img src='pink.png'></html>"
                self.send_response(200)
                self.send_header("Content-Type", "image/png" if is_picture else "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _with_an_empty_query(request: pytest.FixtureRequest) -> None:
    if "window" in request.fixturenames:
        request.getfixturevalue("window").clear()


def _firefox(address: str) -> Data:
    page, picture = f"{address}/page.html", f"{address}/pink.png"
    return {
        "text/x-moz-url": f"{page}\nA page".encode("utf-16-le"),
        "application/x-moz-file-promise-url": picture.encode("utf-16-le"),
        "application/x-moz-file-promise-dest-filename": "pink.png".encode("utf-16-le"),
        "text/html": f'<a href="{page}"><img alt="pink" src="{picture}"></a>',
        "text/plain": page,
    }


def _chromium(address: str) -> Data:
    picture = f"{address}/pink.png"
    return {
        "text/uri-list": f"{picture}\r\n",
        "text/html": f"<meta http-equiv='content-type' content='text/html; charset=utf-8'><img src=\"{picture}\">",
        "text/plain": picture,
    }


@pytest.mark.parametrize("browser", [_firefox, _chromium])
def test_a_picture_that_a_browser_gives_as_an_address_is_fetched_and_searched_by(
    screen: Screen, window: RealWindow, site: Site, browser: Callable[[str], Data]
) -> None:
    assert screen.drag(browser(site.address), MIDDLE)
    window.finds("pink")
    assert site.asked == ["/pink.png"]


@pytest.mark.parametrize("browser", [_firefox, _chromium])
def test_of_a_picture_that_a_browser_gives_as_data_too_nothing_is_fetched(
    screen: Screen, window: RealWindow, site: Site, browser: Callable[[str], Data]
) -> None:
    assert screen.drag(browser(site.address) | {"image/png": _bytes_of("yellow")}, MIDDLE)
    window.finds("yellow")
    assert site.asked == []


def test_a_picture_within_the_markup_itself_is_searched_by(screen: Screen, window: RealWindow) -> None:
    data = base64.b64encode(_bytes_of("green", "JPEG")).decode()
    assert screen.drag({"text/html": f'<img src="data:image/jpeg;base64,{data}">'}, MIDDLE)
    window.finds("green")


def test_an_address_of_the_local_network_is_not_fetched_unless_allowed(
    screen: Screen, stocked: Program, open_window: OpenWindow, site: Site
) -> None:
    window = open_window(stocked)
    assert screen.drag(_chromium(site.address), MIDDLE)
    window.reads("127.0.0.1 is on this computer or the local network")
    assert site.asked == []
    until(lambda: window.title == NAME, "the query is empty again")


def test_files_with_strange_names_are_searched_by(screen: Screen, window: RealWindow, tmp_path: Path) -> None:
    file = tmp_path / "Größe 100% #1 ? 猫.png"
    file.write_bytes(_bytes_of("blue"))
    assert screen.drag_files(file, to=MIDDLE)
    until(lambda: window.title == file.name, "the file is what is searched by")
    window.finds("blue")


def test_a_second_picture_dropped_on_the_query_is_added_to_the_first(
    screen: Screen, window: RealWindow, five_pictures: Path
) -> None:
    first, second = sorted(five_pictures.iterdir())[:2]
    assert screen.drag_files(first, to=MIDDLE)
    until(lambda: window.title == first.name, "the first is searched by")
    assert screen.drag_files(second, to=QUERY)
    until(lambda: window.title == "2 pictures", "both are searched by")
    # A picture dropped on the results replaces those in the query.
    assert screen.drag_files(second, to=MIDDLE)
    until(lambda: window.title == second.name, "the second alone is searched by")


def test_words_dragged_from_a_text_are_searched(screen: Screen, window: RealWindow) -> None:
    assert screen.drag({"text/plain": "orange"}, QUERY)
    until(lambda: window.title == "orange", "the words are searched")
    window.finds("orange")


def test_what_is_neither_picture_nor_words_is_refused(screen: Screen, window: RealWindow) -> None:
    assert not screen.drag({"application/x-of-another-program": b"\0\1"}, MIDDLE)
    assert window.title == NAME


def test_a_folder_dropped_on_the_library_is_offered_for_adding(
    screen: Screen, window: RealWindow, tmp_path: Path
) -> None:
    assert screen.drag_files(tmp_path, to=PANEL)
    screen.press(window.other("Add to library"), "Escape")
    until(lambda: not window.has_other(), "the question is removed")


def test_a_result_is_dragged_into_another_program_as_its_file(
    screen: Screen, window: RealWindow, five_pictures: Path
) -> None:
    window.search("orange")
    window.finds("orange")
    dragged = screen.catch(window.result("orange"))
    (file,) = (name for name, colour in FILES.items() if colour == "orange")
    assert dragged == [(five_pictures / file).as_uri()]


def test_a_result_dragged_to_the_query_is_what_is_searched_by(screen: Screen, window: RealWindow) -> None:
    window.search("orange")
    window.finds("orange")
    screen.move(window.result("orange"), QUERY)
    until(lambda: window.title == "IMG_0001.png + orange", "the result is searched by")


def test_a_result_let_go_over_the_results_or_the_library_changes_nothing(
    screen: Screen, window: RealWindow
) -> None:
    window.search("orange")
    window.finds("orange")
    for place in (MIDDLE, PANEL):
        screen.move(window.result("orange"), place)
        # Keys are handled in order, so this key proves that the earlier action has ended.
        window.press("ctrl+f")
        screen.type(window.id, "blue")
        until(lambda: window.title == "blue", "words are searched in the same place")
        window.search("orange")
        window.finds("orange")
    window.press("ctrl+w")
    until(lambda: window.title == NAME, "there was but this one search")
