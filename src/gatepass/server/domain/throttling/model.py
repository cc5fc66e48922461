"""How long to wait after failures, and whose failures count together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

FORGOTTEN_AFTER = timedelta(hours=24)
_LONGEST_WAIT = 900  # seconds


@dataclass(frozen=True, slots=True)
class Limit:
    """Failures that count together under `key`; beyond `free` each doubles the wait.

    `is_shared`: they are of several accounts, so that success with one does not forget them.
    """

    key: str
    free: int
    is_shared: bool = False

    def wait(self, failures: int, last: datetime, now: datetime) -> int:
        """Return the seconds until the next attempt is looked at, 0 for none."""
        if failures < self.free or now - last > FORGOTTEN_AFTER:
            return 0
        delay = min(2 ** min(failures - self.free + 1, 20), _LONGEST_WAIT)
        left = (last + timedelta(seconds=delay) - now).total_seconds()
        return max(0, -int(-left // 1))


def of_login(username: str, source: str, device: bytes | None) -> tuple[Limit, ...]:
    """Return the limits on a login.

    A browser from which the owner has logged in before (`device`) has limits of its own, so
    that strangers who fail on the account never make the owner wait. Everybody else is
    limited per account and network, per network, and, generously, per account.
    """
    account = username.lower()
    if device is not None:
        return (Limit(_key("device", account, device.hex()), 5),)
    network = network_of(source)
    return (
        Limit(_key("account and source", account, network), 5),
        Limit(_key("source", network), 20, is_shared=True),
        Limit(_key("account", account), 100),  # NIST SP 800-63B-4 §3.2.2
    )


def of_second_factor(username: str, source: str, device: bytes | None) -> tuple[Limit, ...]:
    """Return the limits on tries of a second factor, by somebody who knows the password.

    As those of a login, but apart from them: a right password forgets no wrong code.
    """
    return of_login(f"second factor of {username}", source, device)


def of_recovery(address: str, source: str) -> tuple[Limit, Limit]:
    """Return the limits on requests for recovery: of the network, and of the address.

    A mailbox gets one mail in 15 minutes at last, sooner than the link in the one before expires:
    whoever bombards it does not keep its owner from recovering the account.
    """
    of_source = Limit(_key("recovery from source", network_of(source)), 20)
    return of_source, Limit(_key("recovery of address", address), 3)


def of_invitation(organization: str, address: str) -> tuple[Limit, Limit]:
    """Return the limits on invitations: of the organization, and of the address."""
    of_address = Limit(_key("invitation of address", organization, address), 5)
    return Limit(_key("invitation", organization), 50), of_address


def of_single_sign_on(source: str) -> Limit:
    """Return the limit on round trips to OpenID providers that a network does not finish."""
    return Limit(_key("single sign-on from source", network_of(source)), 60, is_shared=True)


def of_confirmation(user: str) -> Limit:
    """Return the limit on links that confirm an address of a person."""
    return Limit(_key("confirmation", user), 5)


def too_many(wait: int) -> OAuthError:
    """Return the refusal of somebody who must wait for `wait` seconds."""
    return OAuthError(
        "temporarily_unavailable",
        Message.plural(
            "Too many wrong attempts. Try again in {count} second.",
            "Too many wrong attempts. Try again in {count} seconds.",
            wait,
        ),
        log_detail="throttled",
        status=429,
        retry_after=wait,
    )


@lru_cache(maxsize=4096)  # reading an address takes as long as the rest of counting a failure
def network_of(source: str) -> str:
    """Return the network that one party is likely to hold: IPv4 /32, IPv6 /64."""
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ip_network((address, 64), strict=False))
    return source


def _key(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()
