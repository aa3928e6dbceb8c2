"""Which addresses of the network may be asked for a picture."""

from __future__ import annotations

import ipaddress

#: Blocks of IPv6 that Python takes for public: old site-local addresses, and old forms of IPv4 addresses.
_FORMER = tuple(map(ipaddress.ip_network, ("fec0::/10", "::/96")))
#: The prefix under which IPv6 reaches IPv4 addresses (RFC 6052).
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(text: str) -> bool:
    """Whether an address belongs to the open internet: not private, loopback, link-local, shared, reserved, multicast.

    An IPv6 address that stands for an IPv4 one is as public as that is.

    Args:
        text: An IPv4 or IPv6 address.

    >>> [is_public(text) for text in ("93.184.216.34", "10.0.0.1", "127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1")]
    [True, False, False, False, False]
    """
    address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in block for block in _FORMER):
            return False
        address = _inner(address) or address
    return address.is_global and not address.is_multicast


def is_any(text: str) -> bool:
    """Every address may be asked."""
    return True


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that one of IPv6 stands for, by mapping, NAT64 or 6to4."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
