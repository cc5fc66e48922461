"""The networks that an application's requests may come from."""

from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gatepass.wire.problem import Refused

Network = IPv4Network | IPv6Network

MOST = 50


def check_networks(text: str) -> tuple[Network, ...]:
    """Give the networks, parted by spaces, commas or lines, as 203.0.113.0/24 or one address.

    Raises Refused for what is none: a list that is half understood would let nobody in, or
    everybody.
    """
    pieces = text.replace(",", " ").split()
    if len(pieces) > MOST:
        raise Refused("invalid_request", f"Give {MOST} networks at most.")
    return tuple(dict.fromkeys(_network(piece) for piece in pieces))


def allows(networks: tuple[Network, ...], source: str) -> bool:
    """Tell whether a request from the address `source` may come; without networks any may.

    Where the address is not known, none of the networks has it.
    """
    if not networks:
        return True
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in networks)


def _network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = f" Did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        meant = ""
    shown = text if text.isprintable() and len(text) <= 50 else "One of them"
    raise Refused(
        "invalid_request",
        f"{shown} is not a network, as 203.0.113.0/24 or 2001:db8::/32, or an address.{meant}",
    )
