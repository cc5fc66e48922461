"""What an endpoint may be: its address, its description, the events that it gets. Pure."""

import re
from collections.abc import Collection, Iterable
from ipaddress import ip_address

from gatepass.server.domain.changes.webhooks.events import (
    OF_INSTALLATION,
    ONE_CAN_WANT,
)
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network, may_connect
from gatepass.wire.urls import is_loopback, split

LONGEST_URL = 2000  # characters
LONGEST_DESCRIPTION = 100

_HTTPS = 443
_FIRST_FREE_PORT = 1024
_NUMBER = re.compile(r"(0x)?[0-9a-f]*", re.IGNORECASE)


class InvalidEndpoint(OAuthError):
    """A value that one field of an endpoint cannot have."""

    def __init__(self, field: str, say: str) -> None:
        super().__init__("invalid_request", say)
        self.field = field


def check_url(text: str, allowed: Collection[Network] = ()) -> str:
    """Return the address of an endpoint; raise InvalidEndpoint where nothing is sent to it.

    It is https; plain http is for loopback, where the `allowed` networks contain that. A name is
    looked up and checked at each delivery, as it may lead elsewhere by then.
    """
    text = text.strip()
    parts = split(text)
    if parts is None or len(text) > LONGEST_URL:
        raise InvalidEndpoint(
            "url",
            Message(
                "Give an https URL of {most} characters at most, as https://example.com/gatepass. "
                "A name with other than English letters is written as xn--...",
                most=LONGEST_URL,
            ),
        )
    host = (parts.hostname or "").rstrip(".")
    has_loopback = any(network.is_loopback for network in allowed)
    if parts.scheme != "https" and not (has_loopback and is_loopback(host)):
        raise InvalidEndpoint("url", Message("The URL must begin with https://."))
    if "@" in parts.netloc or "#" in text or "\\" in text:
        raise InvalidEndpoint(
            "url",
            Message("Leave user name, password, backslash and fragment (#) out of the URL."),
        )
    _check_host(host, allowed)
    port = parts.port if parts.port is not None else _HTTPS
    if port < _FIRST_FREE_PORT and port != _HTTPS:
        raise InvalidEndpoint("url", Message("The port must be 443, or from 1024 on."))
    return text


def _check_host(host: str, allowed: Iterable[Network]) -> None:
    private = Message("{host} is not a public address.", host=host)
    try:
        ip_address(host)
    except ValueError:
        # A number is an IPv4 address to the resolver, in forms that nobody recognizes.
        last = host.rpartition(".")[2]
        if _NUMBER.fullmatch(last) and last[:1].isdigit():
            raise InvalidEndpoint("url", private) from None
        if is_loopback(host) and not any(network.is_loopback for network in allowed):
            raise InvalidEndpoint("url", private) from None
        return
    if not may_connect(host, allowed):
        raise InvalidEndpoint("url", private)


def check_description(text: str) -> str:
    """Return what an endpoint is for; raise InvalidEndpoint for more than one line."""
    text = " ".join(text.split(" ")).strip()
    if not text.isprintable() or len(text) > LONGEST_DESCRIPTION:
        raise InvalidEndpoint(
            "description",
            Message("Give one line of {most} characters at most.", most=LONGEST_DESCRIPTION),
        )
    return text


def check_events(names: Iterable[str], *, of_organization: bool) -> tuple[str, ...]:
    """Return which events an endpoint gets, in the order of the reference; none stand for all.

    Raises InvalidEndpoint for an unknown one, and for one that an organization does not get.
    """
    wanted = set(names)
    offered = offered_events(of_organization=of_organization)
    unknown = sorted(wanted - set(offered))
    if unknown:
        raise InvalidEndpoint(
            "events",
            Message(
                "There is no event {unknown} here. There are: {known}",
                unknown=unknown[0],
                known=", ".join(offered),
            ),
        )
    return tuple(name for name in offered if name in wanted)


def offered_events(*, of_organization: bool) -> tuple[str, ...]:
    """Return the events that an endpoint can get."""
    return tuple(name for name in ONE_CAN_WANT if not (of_organization and name in OF_INSTALLATION))


def host_of(url: str) -> str:
    """Return the host of an endpoint, for log and audit trail: the rest may be a secret."""
    parts = split(url)
    return (parts.hostname or "") if parts else ""
