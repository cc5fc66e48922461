"""Networks that requests may come from. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


def as_ipv4(network: Network) -> Network:
    """Return the IPv4 network that an IPv4-mapped one stands for (RFC 4291 §2.5.5.2), or itself."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        address = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((address, network.prefixlen - _MAPPED.prefixlen))
    return network


def allows(networks: Iterable[Network], source: str) -> bool:
    """Tell whether the address `source` lies in one of the networks; without any it may be any.

    Where the address is not known, none of the networks has it.
    """
    kept = tuple(networks)
    if not kept:
        return True
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in kept)
