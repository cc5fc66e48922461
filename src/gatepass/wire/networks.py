"""Networks: from which an application may send requests, to which a server connects. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = tuple(
    map(IPv6Network, ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32"))
)


def as_ipv4(network: Network) -> Network:
    """Return the IPv4 network that an IPv4-mapped one maps (RFC 4291 §2.5.5.2), or itself."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        address = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((address, network.prefixlen - _MAPPED.prefixlen))
    return network


def allows(networks: Iterable[Network], source: str) -> bool:
    """Return whether the address `source` is in one of the networks, or there are no networks.

    An unknown address is in no network.
    """
    allowed = tuple(networks)
    if not allowed:
        return True
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in allowed)


def may_connect(address: str, also: Iterable[Network] = ()) -> bool:
    """Return whether a server may connect to an address that strangers choose.

    To a public one, or to one of a network in `also`. Multicast is none, and none leads to an IPv4
    address that would not be checked (RFC 4291 §2.5.5, RFC 6052, RFC 3056, RFC 4380).
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    if any(found in network for network in also):
        return True
    is_translated = any(found in network for network in _TRANSLATED)
    return found.is_global and not found.is_multicast and not is_translated
