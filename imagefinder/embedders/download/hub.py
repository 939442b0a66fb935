"""Client for the model hub or a mirror: file metadata, and file content from any offset.

Addresses are huggingface_hub's. Its own ``hf_hub_download`` is not used: since 2.0 it writes to a temporary file of a
name used once and deletes that when it fails (huggingface_hub pull request 4228), so an interrupted download could not
go on; nor can it be stopped while a server is silent. Files come over plain HTTP from the one address asked, never by
Xet, which speaks with hosts that no mirror stands for. No token of the user's is sent, and no telemetry.
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
    """What a hub states of a file."""

    repository: str
    name: str
    """Its path in the repository."""
    commit: str
    """The state of the repository that was looked at; the bytes are asked for of that one."""
    size: int | None
    """Bytes; None where the hub does not say."""
    checksum: str
    """SHA-256 of a large file (64 hex digits), Git's SHA-1 of a small one (40); else something of no use."""


class Hub:
    """One hub or mirror. Each call makes its own connection, and may be made on any thread."""

    def __init__(self, mirror: str = "", proxy: str = "") -> None:
        """Look at the addresses; nothing is sent.

        Args:
            mirror: where to download from; empty for ``HF_ENDPOINT`` of the environment, else huggingface.co.
            proxy: empty for what the environment or the system says.

        Raises:
            ModelError: one is no address, or the environment (``HF_HUB_OFFLINE``) says that nothing may be fetched.
        """
        # Read when asked: huggingface_hub itself reads both only once, when it is imported.
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
        """Its name, for people."""
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]

    def look_up(self, repository: str, name: str) -> HubFile | None:
        """What the hub says of a file; None where the repository has none of that name.

        Raises:
            HubError: it cannot be asked, refuses, or is no hub.
        """
        with self._client() as client:
            # A large file's facts are in the answer that sends on to where it is stored; a repository that was
            # renamed sends on without any. So what the first answer says of each counts.
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
        """A file's bytes from ``start`` on: pieces, each with its place. A server that knows no ranges begins at 0.

        Raises:
            PassingHubError: the connection was cut, or the like: worth another try.
            HubError: it cannot be had.
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
            for piece in response.iter_bytes():  # as it comes: what is gathered first would be lost by a cut
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
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise ModelError(problem) from error
    if parts.scheme not in schemes or not parts.hostname or any(character.isspace() for character in address):
        raise ModelError(problem)
