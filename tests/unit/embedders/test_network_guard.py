"""Tests that no network is used while a model is read, whatever library reads it."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from imagefinder.embedders.importing import importer
from imagefinder.embedders.network_guard import without_network
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime import image_runtime
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers import numpy_text_tower


def connect() -> None:
    socket.create_connection(("127.0.0.1", 9), timeout=1).close()


ATTEMPTS: list[Callable[[], object]] = [
    connect,
    lambda: socket.getaddrinfo("localhost", 80),
    lambda: socket.gethostbyname("localhost"),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_within_it_every_way_out_is_closed(attempt: Callable[[], object]) -> None:
    with without_network(), pytest.raises(OSError, match="network is not used"):
        attempt()
    with without_network(), without_network():
        pass
    with without_network(), pytest.raises(OSError, match="network is not used"):
        attempt()


def test_afterwards_and_in_other_threads_the_network_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        with without_network():
            made: list[socket.socket] = []
            other = threading.Thread(target=lambda: made.append(socket.create_connection(address)))
            other.start()
            other.join()
            assert len(made) == 1
        made.append(socket.create_connection(address))
        for each in made:
            each.close()


def test_it_ends_with_an_exception_too() -> None:
    with pytest.raises(ZeroDivisionError), without_network():
        raise ZeroDivisionError
    socket.getaddrinfo("127.0.0.1", 80)


def test_an_import_is_off_the_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(importer, "find_source", lambda _: connect())
    with pytest.raises(OSError, match="network is not used"):
        importer.import_model(tmp_path / "x.pt", "", tmp_path / "models")


def test_both_towers_are_loaded_off_the_network(
    monkeypatch: pytest.MonkeyPatch, tiny_spec: Callable[..., ClipSpec]
) -> None:
    embedder = OpenClipEmbedder(tiny_spec(), "cpu")
    monkeypatch.setattr(numpy_text_tower, "numpy_text_tower", lambda _: connect())
    monkeypatch.setattr(image_runtime.ImageRuntime, "load", lambda *_: connect())
    with pytest.raises(OSError, match="network is not used"):
        embedder.encode_texts(["a dog"])
    with pytest.raises(OSError, match="network is not used"):
        embedder.load_images()
