"""Where the console of the operators is reached."""

from pydantic import Field

from gatepass.server.configuration.network.networks import Networks, includes
from gatepass.server.configuration.section import Section


class ConsoleSettings(Section):
    """Where the console of the operators, /console/, is reached."""

    networks: Networks = ()
    """Addresses or networks from which /console/ is there, as 10.0.0.0/8; for everybody else it is
    404. Empty: from everywhere."""
    port: int = Field(0, ge=0, le=65535)
    """A port of its own for /console/, on the addresses of `host`; then it is 404 on every other
    port. 0: the port of production."""

    def is_reachable(self, source: str, port: int | None) -> bool:
        """Return whether the console is there for an address, on a port of this server."""
        if self.port and port != self.port:
            return False
        return not self.networks or includes(self.networks, source)
