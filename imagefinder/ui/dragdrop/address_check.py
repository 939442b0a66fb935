"""Classify IP addresses as public or not."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IPv6 addresses that carry an IPv4 address in their last four bytes, which a gateway may unwrap.
_CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
# Which Python's own tables call global or know nothing of: site-local addresses, documentation (RFC 9637), protocol
# assignments (RFC 6890) and 6to4's relays, given up by RFC 7526.
_ELSEWHERE = (
    IPv6Network("fec0::/10"),
    IPv6Network("3fff::/20"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet.

    Not so are loopback, private, link-local, carrier-grade NAT, multicast, unspecified, reserved and documentation
    addresses (the registries of RFC 6890), nor an IPv6 address that carries one of those inside. What is no
    address is not public either.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public(parsed)
    inner = _carried(parsed)
    if inner is not None:
        return _is_public(inner)
    return _is_public(parsed)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    # The registry calls multicast "global"; it is still nowhere that a picture comes from.
    is_global = address.is_global and not address.is_multicast and not address.is_reserved
    return is_global and not any(address in network for network in _ELSEWHERE)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
