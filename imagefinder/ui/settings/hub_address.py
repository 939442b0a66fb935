"""Syntactic validation of the addresses of mirrors and proxies. The network is not accessed."""

from urllib.parse import SplitResult, urlsplit

from imagefinder.translation import tr

_WEB = ("https://", "http://")
_SOCKS = ("socks5://", "socks5h://")


def mirror_problem(address: str) -> str:
    """Return the problem with the address of a mirror in one sentence. Empty if it is valid or empty."""
    if not address:
        return ""
    if not address.lower().startswith(_WEB):
        return _odd(address) or tr("The address must begin with https:// or http://.")
    parts, problem = _split(address)
    if parts is not None and (parts.query or parts.fragment):
        return tr("A mirror address can't contain ? or #.")
    return problem


def proxy_problem(address: str) -> str:
    """Return the problem with the address of a proxy in one sentence. Empty if it is valid or empty."""
    if not address:
        return ""
    if not address.lower().startswith((*_WEB, *_SOCKS)):
        return _odd(address) or tr("The proxy address must begin with http:// or socks5://.")
    parts, problem = _split(address)
    if parts is not None and (parts.path.strip("/") or parts.query or parts.fragment):
        return tr("Enter only a server and a port, such as http://proxy.example:8080.")
    return problem


def _split(address: str) -> tuple[SplitResult | None, str]:
    if problem := _odd(address):
        return None, problem
    try:
        parts = urlsplit(address)
        has_port = parts.port != 0
    except ValueError:  # such as a port that is not a number, or an unclosed bracket
        parts, has_port = None, False
    if parts is None or not has_port:
        return None, tr("The server name or the port isn't valid.")
    name = parts.hostname or ""
    if not name or ".." in name or name.startswith((".", "-")):
        return None, tr("The server name is missing. Example: https://hub.example")
    return parts, ""


def _odd(address: str) -> str:
    is_odd = any(character.isspace() or not character.isprintable() for character in address)
    return tr("The address can't contain spaces.") if is_odd else ""
