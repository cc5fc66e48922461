"""The networks that an application's requests may come from."""

from collections.abc import Iterable
from ipaddress import ip_network

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network, as_ipv4

MOST = 50


def format_networks(networks: Iterable[Network]) -> str:
    """Return the networks space-separated, as in their column."""
    return " ".join(str(network) for network in networks)


def check_networks(text: str) -> tuple[Network, ...]:
    """Return the networks in a text, for example 203.0.113.0/24 or one address.

    They are separated by spaces, commas or line breaks.

    An IPv4-mapped one (::ffff:203.0.113.0/120) is the IPv4 network, as requests come from that.
    Raises OAuthError for any other text: a list that is half understood would let nobody in, or
    everybody.
    """
    pieces = text.replace(",", " ").split()
    if len(pieces) > MOST:
        raise OAuthError("invalid_request", Message("Give {most} networks at most.", most=MOST))
    return tuple(dict.fromkeys(_network(piece) for piece in pieces))


def _network(text: str) -> Network:
    if "%" in text:
        raise OAuthError(
            "invalid_request",
            Message(
                "An address with a zone (%) is of one machine's link alone. Give it without the "
                "zone."
            ),
        )
    try:
        return as_ipv4(ip_network(text))
    except ValueError:
        pass
    shown = text if text.isprintable() and len(text) <= 50 else Message("One of them")
    wrong = Message(
        "{shown} is not a network, as 203.0.113.0/24 or 2001:db8::/32, or an address.", shown=shown
    )
    try:
        meant = str(ip_network(text, strict=False))
        wrong = Message("{wrong} Did you mean {meant}?", wrong=wrong, meant=meant)
    except ValueError:
        pass
    raise OAuthError("invalid_request", wrong)
