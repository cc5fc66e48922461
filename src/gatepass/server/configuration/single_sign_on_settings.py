"""The settings of single sign-on through OpenID providers of organizations."""

from ipaddress import ip_address

from pydantic import Field, field_validator

from gatepass.server.configuration.environment_variables import Texts
from gatepass.server.configuration.network.networks import Networks
from gatepass.server.configuration.section import Section

_DNS = 53


def split_server(text: str) -> tuple[str, int]:
    """Return address and port of a DNS server; raise ValueError where it is none."""
    address, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (text.count(":") > 1 and not text.startswith("[")):
        address, port = text, str(_DNS)
    return str(ip_address(address.removeprefix("[").removesuffix("]"))), int(port)


class SingleSignOnSettings(Section):
    """How this server reaches the OpenID providers of organizations, and the DNS."""

    private_networks: Networks = ()
    """Addresses or networks in which a provider may be, as 10.1.0.0/16, although they are not
    public. Administrators of partners choose their provider: name only what they may reach. Plain
    http is accepted to loopback alone, and where 127.0.0.0/8 is named here: for development."""
    timeout: float = Field(5, gt=0, le=30)
    """Seconds within which a provider answers a request, and the DNS."""
    dns_servers: Texts = ()
    """DNS servers that are asked whether a domain has its TXT record, as 192.0.2.53 or
    192.0.2.53:5353; empty: those of the system."""

    @field_validator("dns_servers")
    @classmethod
    def _servers_are_addresses(cls, servers: tuple[str, ...]) -> tuple[str, ...]:
        for each in servers:
            try:
                split_server(each)
            except ValueError:
                wanted = "must be an IP address, with a port where it is not 53"
                raise ValueError(f"{wanted}, not {each!r}") from None
        return servers
