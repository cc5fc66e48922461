"""Networks that requests may come from. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


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
