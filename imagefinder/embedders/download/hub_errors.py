"""Errors of the hub client, each with a specific message."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from imagefinder.domain.errors import ModelError
from imagefinder.translation import tr


class HubError(ModelError):
    """A hub cannot be reached, or refuses the request. The message says what happened, but not what to do."""


class PassingHubError(HubError):
    """A temporary failure, worth another attempt."""


class WrongBytesError(HubError):
    """Downloaded bytes do not match what the hub states. They were deleted."""


def unreachable(error: Exception, endpoint: str, proxy: str) -> HubError:
    """Return the error for a failed exchange.

    Args:
        error: The exception raised by httpx2.
        endpoint: Address of the hub.
        proxy: The configured proxy, empty for the environment's.
    """
    import httpx2

    host = urlsplit(endpoint).netloc.rpartition("@")[2]
    between = proxy or _environments_proxy(endpoint)
    causes = list(_causes(error))
    is_proxys = isinstance(error, (ImportError, httpx2.ProxyError)) or (
        between and isinstance(error, (ValueError, httpx2.InvalidURL))
    )
    if is_proxys:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return HubError(
            tr(
                "The proxy {proxy} cannot be used: {reason}.",
                proxy=_shown(between),
                reason=reason.rstrip("."),
            )
        )
    if secure := next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None):
        reason = getattr(secure, "verify_message", "") or secure.reason or str(secure)
        return HubError(
            tr(
                "No secure connection to {host} can be made ({reason}). A program that looks into all "
                "connections may stand in between, or this machine's clock be wrong.",
                host=host,
                reason=reason,
            )
        )
    if isinstance(error, httpx2.ConnectError):
        return _not_connected(causes, host, between)
    if isinstance(error, httpx2.TimeoutException):
        return PassingHubError(tr("{host} does not answer.", host=host))
    if isinstance(error, httpx2.TooManyRedirects):
        return HubError(tr("{host} sends one round in circles.", host=host))
    if isinstance(error, httpx2.TransportError):
        return PassingHubError(tr("The connection to {host} was cut.", host=host))
    return HubError(tr("{host} cannot be understood: {reason}.", host=host, reason=error))


def refusal(status: int, headers: Mapping[str, str], host: str, repository: str, name: str) -> HubError:
    """Return the error for an HTTP status of 400 or above.

    ``headers`` must be case-insensitive, or have lower-case names.
    """
    if status in (401, 403) and headers.get("x-error-code") != "RepoNotFound":
        return HubError(
            tr(
                "{host} does not give {repository} to everybody (status {status}): its owner may want it to be asked "
                "for on its page.",
                host=host,
                repository=repository,
                status=status,
            )
        )
    if status in (401, 404, 410):
        return HubError(
            tr(
                "{host} has no {file} in {repository}: it may have been moved or taken away.",
                host=host,
                file=name,
                repository=repository,
            )
        )
    if status == 407:
        return HubError(tr("The proxy wants a name and a password: http://NAME:PASSWORD@HOST:PORT"))
    if status in (408, 429):
        return PassingHubError(tr("{host} is asked too much just now.", host=host))
    if status >= 500:
        return PassingHubError(
            tr("{host} is out of order just now (status {status}).", host=host, status=status)
        )
    return HubError(tr("{host} refuses (status {status}).", host=host, status=status))


def _not_connected(causes: list[BaseException], host: str, proxy: str) -> HubError:
    if proxy:
        return HubError(tr("The proxy {proxy} cannot be reached.", proxy=_shown(proxy)))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return HubError(
            tr("There is no way to {host}: its name cannot be resolved. Is this machine online?", host=host)
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return HubError(tr("{host} refuses the connection.", host=host))
    return HubError(tr("{host} cannot be reached. Is this machine online?", host=host))


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _environments_proxy(endpoint: str) -> str:
    parts, proxies = urlsplit(endpoint), getproxies()
    if proxy_bypass(parts.hostname or ""):
        return ""
    return proxies.get(parts.scheme) or proxies.get("all") or ""


def _shown(proxy: str) -> str:
    """Return the address of a proxy without user name and password."""
    parts = urlsplit(proxy)
    return parts.netloc.rpartition("@")[2] or proxy
