"""Networks in settings: how they are written, and whether an address is in one."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator

from gatepass.server.configuration.environment_variables import Texts


def check_network(text: str) -> None:
    """Raise ValueError, which says what to write, where a text is no address or network."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        wanted = "must be an IP address or a network, as 192.0.2.10 or 10.0.0.0/8"
        raise ValueError(f"{wanted}, not {text!r}") from None
    address = text.partition("/")[0]
    if network.network_address != ip_address(address):
        raise ValueError(f"{text!r} is one address in a network: write {address} or {network}")


def _check_networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for each in texts:
        check_network(each)
    return texts


Networks = Annotated[Texts, AfterValidator(_check_networks)]
"""The type of a setting that lists addresses and networks."""


def includes(networks: Iterable[str], source: str) -> bool:
    """Return whether an address is in one of the networks; what is no address is in none.

    An IPv4 address that came over an IPv6 socket counts as what it is.
    """
    try:
        address = ip_address(source)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ip_network(each) for each in networks)
