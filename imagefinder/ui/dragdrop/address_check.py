"""Classification of IP addresses as public or not."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IPv6 networks whose addresses embed an IPv4 address in the last four bytes, which a gateway may translate to.
_CARRIERS = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::/96"))
# Networks that Python's tables list as global or do not contain: site-local addresses, documentation (RFC 9637),
# protocol assignments (RFC 6890) and 6to4 relays (deprecated by RFC 7526).
_ELSEWHERE = (
    IPv6Network("fec0::/10"),
    IPv6Network("3fff::/20"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
)


def is_public(address: str) -> bool:
    """Return whether an IP address is public.

    Loopback, private, link-local, carrier-grade NAT, multicast, unspecified, reserved and documentation
    addresses (the registries of RFC 6890) are not public, and neither are IPv6 addresses that embed one of
    those. Returns False for a text that is not an IP address.
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
    # The registry lists multicast addresses as global, but no picture can be fetched from one.
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
