"""Asks the DNS for the TXT records that prove a domain."""

from collections.abc import Sequence

import dns.exception
import dns.resolver
from dns.nameserver import Do53Nameserver

from gatepass.server.configuration.single_sign_on_settings import split_server
from gatepass.server.environment.openid_provider.errors import ProviderAwayError

_LONGEST = 1000  # characters that are read of a record
_MOST = 50


def read(name: str, servers: Sequence[str], timeout: float) -> list[str]:
    """Return the TXT records at a name; none where there is no such name.

    `servers` are asked in place of the system's, each an address or address:port. Raises
    ProviderAwayError where no server answers within `timeout` seconds.
    """
    try:
        resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            resolver.nameservers = [_server(each) for each in servers]
        answer = resolver.resolve(name, "TXT", lifetime=timeout, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise ProviderAwayError(f"the DNS does not answer: {type(error).__name__}") from None
    texts = [b"".join(each.strings).decode("utf-8", "replace") for each in answer]
    return [text[:_LONGEST] for text in texts[:_MOST]]


def _server(text: str) -> Do53Nameserver:
    return Do53Nameserver(*split_server(text))
