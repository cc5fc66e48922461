"""The settings of webhooks."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field

from gatepass.server.configuration.network.networks import Networks
from gatepass.server.configuration.section import Section
from gatepass.server.domain.changes.webhooks.model import AllowedNetworks


class WebhookSettings(Section):
    """How this server reaches the endpoints of webhooks."""

    allowed_networks: Networks = ()
    """Addresses or networks in which an endpoint of the operator may be, as 10.1.0.0/16, although
    they are not public. Plain http is accepted to loopback alone, and where 127.0.0.0/8 is named
    here: for development."""
    organization_networks: Networks = ()
    """The same for endpoints of organizations. Their administrators choose the addresses: name only
    what every partner may reach."""
    ca_file: Path | None = None
    """A file of certificates (PEM) of authorities that endpoints may have theirs from, in place of
    those of the system."""
    timeout: float = Field(15, gt=0, le=60)
    """Seconds within which an endpoint has to answer, the connection included."""

    def networks(self) -> AllowedNetworks:
        """Return the networks that are allowed beside public addresses."""
        return AllowedNetworks(
            tuple(map(ip_network, self.allowed_networks)),
            tuple(map(ip_network, self.organization_networks)),
        )
