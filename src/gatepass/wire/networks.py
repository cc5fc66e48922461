"""The networks from which an application may send requests. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


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
