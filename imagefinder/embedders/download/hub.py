"""Client for the model hub or a mirror: file metadata, and file content from any offset.

URLs are those of huggingface_hub, but ``hf_hub_download`` is not used. Since 2.0 it writes to a uniquely
named temporary file and deletes it on failure (huggingface_hub pull request 4228), so interrupted downloads
could not be resumed, and it cannot be cancelled while a server is silent. Files are downloaded over plain
HTTP from the given server only, never with Xet, which contacts hosts that no mirror replaces. Neither the
user's token nor telemetry is sent.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.download.hub_errors import HubError, PassingHubError, refusal, unreachable
from imagefinder.translation import tr

if TYPE_CHECKING:
    import httpx2

_HUB = "https://huggingface.co"
_CONNECT_S, _SILENT_S = 10.0, 15.0
_REDIRECTS = 5
_FACTS = ("x-repo-commit", "x-linked-etag", "x-linked-size")
_NOT_FOUND, _PARTIAL = 404, 206


@dataclass(frozen=True, slots=True)
class HubFile:
    """Metadata of a file on a hub."""

    repository: str
    name: str
    """Path in the repository."""
    commit: str
    """Commit of the repository that was looked up. The content is downloaded from the same commit."""
    size: int | None
    """Size in bytes. None if the hub does not state it."""
    checksum: str
    """SHA-256 of a large file (64 hex digits), Git's SHA-1 of a small one (40), or an unusable value."""


class Hub:
    """Hub or mirror. Each call opens its own connection, and may be made from any thread."""

    def __init__(self, mirror: str = "", proxy: str = "") -> None:
        """Check the addresses. Sends nothing.

        Args:
            mirror: Server to download from. If empty, ``HF_ENDPOINT`` of the environment, or else huggingface.co.
            proxy: Proxy. If empty, the one of the environment or the system.

        Raises:
            ModelError: An address is invalid, or the environment forbids downloads (``HF_HUB_OFFLINE``).
        """
        # Read at each call: huggingface_hub reads both only once, when it is imported.
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
            if os.environ.get(variable, "").upper() in ("1", "ON", "YES", "TRUE"):
                raise ModelError(
                    tr(
                        "Nothing is downloaded, because the environment variable {name} says so. Unset it to "
                        "download models.",
                        name=variable,
                    )
                )
        self.endpoint = (mirror or os.environ.get("HF_ENDPOINT") or _HUB).strip().rstrip("/")
        _check(
            self.endpoint,
            ("http", "https"),
            tr(
                "“{address}” is not the address of a hub; one is https://huggingface.co",
                address=self.endpoint,
            ),
        )
        self._proxy = proxy.strip()
        if self._proxy:
            _check(
                self._proxy,
                ("http", "https", "socks5", "socks5h"),
                tr("“{address}” is not the address of a proxy; one is http://proxy:8080", address=proxy),
            )

    @property
    def host(self) -> str:
        """Host name, for messages."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    def look_up(self, repository: str, name: str) -> HubFile | None:
        """Return the metadata of a file. None if the repository has no file of that name.

        Raises:
            HubError: The hub cannot be reached, refuses, or is not a hub.
        """
        with self._client() as client:
            # For a large file, the metadata is in the response that redirects to its storage. A renamed repository
            # redirects without any. So for each field the first response that has it counts.
            facts: dict[str, str] = {}
            url = self._url(repository, name, "main")
            for _ in range(_REDIRECTS):
                response = client.head(url, headers={"Accept-Encoding": "identity"})
                facts = {key: response.headers[key] for key in _FACTS if key in response.headers} | facts
                if response.next_request is None or "x-linked-etag" in facts:
                    break
                url = str(response.next_request.url)
            if response.status_code == _NOT_FOUND and response.headers.get("x-error-code") == "EntryNotFound":
                return None
            if response.status_code >= 400:
                raise refusal(response.status_code, response.headers, self.host, repository, name)
        if "x-repo-commit" not in facts:
            raise HubError(
                tr(
                    "{host} does not answer as a model hub does. Is its address right, and is there no login "
                    "page or firewall in between?",
                    host=self.host,
                )
            )
        own = {} if response.is_redirect else response.headers
        length = facts.get("x-linked-size") or own.get("content-length", "")
        etag = facts.get("x-linked-etag") or own.get("etag", "")
        return HubFile(
            repository,
            name,
            facts["x-repo-commit"],
            int(length) if length.isdecimal() else None,
            etag.removeprefix("W/").strip('"').lower(),
        )

    def read(self, file: HubFile, start: int) -> Iterator[tuple[int, bytes]]:
        """Yield the bytes of a file from offset ``start`` on, in pieces with their offsets.

        If the server does not support ranges, the pieces start at offset 0.

        Raises:
            PassingHubError: The connection failed in a way that is worth another attempt.
            HubError: The file cannot be downloaded.
        """
        url = self._url(file.repository, file.name, file.commit)
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with (
            self._client() as client,
            client.stream("GET", url, headers=headers, follow_redirects=True) as response,
        ):
            if response.status_code >= 400:
                raise refusal(response.status_code, response.headers, self.host, file.repository, file.name)
            at = start if response.status_code == _PARTIAL else 0
            for (
                piece
            ) in response.iter_bytes():  # unbuffered: buffered bytes would be lost if the connection fails
                yield at, piece
                at += len(piece)
        if file.size is not None and at < file.size:
            raise PassingHubError(tr("The connection to {host} was cut.", host=self.host))

    def _url(self, repository: str, name: str, revision: str) -> str:
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository, name, revision=revision, endpoint=self.endpoint)

    @contextmanager
    def _client(self) -> "Iterator[httpx2.Client]":
        import httpx2

        try:
            with httpx2.Client(
                proxy=self._proxy or None,
                timeout=httpx2.Timeout(_SILENT_S, connect=_CONNECT_S),
                headers={"User-Agent": "imagefinder"},
                max_redirects=_REDIRECTS,
            ) as client:
                yield client
        except (httpx2.HTTPError, httpx2.InvalidURL, ImportError, ValueError) as error:
            raise unreachable(error, self.endpoint, self._proxy) from error


def _check(address: str, schemes: tuple[str, ...], problem: str) -> None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError as error:
        raise ModelError(problem) from error
    if parts.scheme not in schemes or not parts.hostname or any(character.isspace() for character in address):
        raise ModelError(problem)
