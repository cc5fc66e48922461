"""What a second factor is, and who verifies passkeys: the relying party."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from gatepass.server.domain.users.model import InvalidField
from gatepass.translation.message import Message

MOST_PASSKEYS = 20
MOST_APPS = 5
LONGEST_NAME = 60  # characters
IP_HOST = Message(
    "This portal is reached at an IP address, and browsers bind passkeys to a host name. Use an "
    "authenticator app, or ask the operator for a host name."
)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential of a person, bound to the relying party `domain`."""

    id: UUID
    user_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    domain: str
    transports: tuple[str, ...]
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class App:
    """An authenticator app: a shared secret (encrypted), and the step of its last used code."""

    id: UUID
    user_id: UUID
    encrypted: bytes
    last_step: int
    name: str
    created_at: datetime
    last_used_at: datetime | None = None


class Factors(NamedTuple):
    """The second factors of a person, and how many recovery codes are left, made when."""

    passkeys: tuple[Passkey, ...] = ()
    apps: tuple[App, ...] = ()
    codes_left: int = 0
    codes_made_at: datetime | None = None

    @property
    def number(self) -> int:
        """Return how many factors there are; recovery codes stand in for them and are no factor."""
        return len(self.passkeys) + len(self.apps)

    @property
    def names(self) -> dict[UUID, str]:
        """Return the name of each factor by its id."""
        passkeys = {each.id: each.name for each in self.passkeys}
        return passkeys | {each.id: each.name for each in self.apps}

    def usable_passkeys(self, party: "RelyingParty") -> tuple[Passkey, ...]:
        """Return the passkeys that browsers offer at this relying party."""
        return tuple(each for each in self.passkeys if each.domain == party.id)


class RelyingParty(NamedTuple):
    """Who passkeys are made for (WebAuthn §4); `why_not` says why none can be."""

    id: str
    origin: str
    name: str
    why_not: str = ""


def relying_party(issuer: str, domain: str, name: str) -> RelyingParty:
    """Return the relying party of an issuer; `domain` is the setting, empty for its host."""
    host = urlsplit(issuer).hostname or ""
    return RelyingParty(domain or host, issuer, name, IP_HOST if _is_ip(host) else "")


def is_domain_of(domain: str, issuer: str) -> bool:
    """Return whether passkeys of `domain` work at an issuer: it is its host or above it."""
    host = urlsplit(issuer).hostname or ""
    is_above = "." in domain and host.endswith(f".{domain}") and not _is_ip(host)
    return domain == host or is_above


def check_name(name: str) -> str:
    """Return the name of a factor; raise InvalidField where it is not one."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidField(
            "name",
            Message("Give it a name of up to {longest} characters.", longest=LONGEST_NAME),
        )
    return name


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
