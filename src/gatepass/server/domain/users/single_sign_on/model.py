"""An organization's OpenID provider, its domains, and the rules for roles. Pure."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from gatepass.server.domain.users.model import ROLES, InvalidField, Role
from gatepass.translation.message import Message
from gatepass.wire import base62
from gatepass.wire.secret import Secret
from gatepass.wire.urls import is_loopback, split

PATH = "/accounts/single-sign-on/"
ATTEMPT_LIVES = timedelta(minutes=10)
"""How long a round trip to the provider may take."""
TXT_PREFIX = "_gatepass-challenge"
MOST_DOMAINS = 20

_LONGEST_URL, _LONGEST_ID, _LONGEST_SECRET, _LONGEST_CLAIM = 500, 255, 1000, 200
_MOST_MAPPED = 50
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])")
_VISIBLE = re.compile(r"[\x21-\x7e]+")

Purpose = Literal["login", "link", "test", "proof"]
"""Why somebody is sent to the provider: to log in, to connect their account, to try the setup, or
to prove again who they are."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An organization's OpenID provider, and what it decides about the people who come from it.

    `secret` is encrypted. `emergency_id` is the administrator whose password always works.
    """

    org_id: UUID
    issuer: str
    client_id: str
    secret: bytes = field(repr=False)
    is_on: bool
    tested_at: datetime | None
    adds_people: bool
    role_claim: str
    roles: Mapping[str, Role]
    default_role: Role
    highest_role: Role
    emergency_id: UUID | None
    changed_at: datetime


class Domain(NamedTuple):
    """A domain of email addresses; `proved_at` is set once its TXT record was found."""

    id: UUID
    org_id: UUID
    domain: str
    token: str
    created_at: datetime
    proved_at: datetime | None = None

    @property
    def record_name(self) -> str:
        """Return the name of the TXT record that proves the domain."""
        return f"{TXT_PREFIX}.{self.domain}"

    @property
    def record_text(self) -> str:
        """Return the text of that record."""
        return f"gatepass-domain={self.token}"


class Identity(NamedTuple):
    """Which account a subject of an issuer is connected with.

    `has_arrived`: the account was made by the first log-in, and never had a password of its own.
    """

    org_id: UUID
    issuer: str
    subject: str
    user_id: UUID
    has_arrived: bool
    created_at: datetime
    last_used_at: datetime | None = None


class Attempt(NamedTuple):
    """A round trip to the provider, from the redirect there to the answer that comes back.

    `browser` is the digest of the browser's id, `session_digest` that of the session in which it
    began. `user_id` is whose account is to be connected. `content` is encrypted.
    """

    digest: bytes
    org_id: UUID
    purpose: Purpose
    issuer: str
    client_id: str
    browser: bytes
    session_digest: bytes | None
    user_id: UUID | None
    content: bytes
    created_at: datetime
    expires_at: datetime


class Claims(NamedTuple):
    """What a provider says of somebody, after every check of the ID token.

    `email_verified`: the provider says that the address is theirs. `auth_time` is when they last
    gave the provider their password or the like.
    """

    issuer: str
    subject: str
    email: str | None
    email_verified: bool
    auth_time: datetime | None
    every: Mapping[str, object]


def new_token() -> Secret:
    """Return 256 random bits, as a state, a nonce or a PKCE verifier (RFC 7636 §4.1)."""
    return Secret(base62.encode(secrets.token_bytes(32)))


def check_issuer(text: str) -> str:
    """Return an issuer; raise InvalidField where it is none (OpenID Connect Discovery 1.0 §3).

    It has no query and no fragment, and is https, or http to this machine.
    """
    text = text.strip()
    parts = split(text)
    if parts is None or len(text) > _LONGEST_URL or parts.query or parts.fragment or "@" in text:
        raise InvalidField(
            "issuer",
            Message(
                "Give the issuer as your provider states it, as https://login.example.com/tenant."
            ),
        )
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise InvalidField("issuer", Message("The issuer must begin with https://."))
    if "{" in text:
        raise InvalidField("issuer", Message("Put the id of your tenant in place of the braces."))
    return text


def check_client_id(text: str) -> str:
    """Return a client id; raise InvalidField where it is none."""
    text = text.strip()
    if not _VISIBLE.fullmatch(text) or len(text) > _LONGEST_ID:
        raise InvalidField(
            "client_id", Message("Copy the client id from your provider: it has no spaces.")
        )
    return text


def check_secret(text: str) -> Secret:
    """Return a client secret; raise InvalidField where it is none."""
    text = text.strip()
    if not _VISIBLE.fullmatch(text) or len(text) > _LONGEST_SECRET:
        raise InvalidField(
            "client_secret", Message("Copy the client secret from your provider: it has no spaces.")
        )
    return Secret(text)


def check_domain(text: str) -> str:
    """Return a domain as the DNS has it, in lower case; raise InvalidField where it is none."""
    text = text.strip().lower().rstrip(".").removeprefix("@")
    try:
        name = text.encode("idna").decode("ascii") if not text.isascii() else text
    except UnicodeError:
        name = ""
    if not _DOMAIN.fullmatch(name) or len(name) > 200:
        raise InvalidField(
            "domain", Message("Give a domain of your email addresses, as example.com.")
        )
    return name


def domain_of(email: str) -> str:
    """Return the domain of an address as `check_domain` does; empty where there is none."""
    name, at, domain = email.strip().rpartition("@")
    try:
        return check_domain(domain) if name and at else ""
    except InvalidField:
        return ""


def check_role_claim(text: str) -> str:
    """Return the name of the claim with the roles, empty for none; raise InvalidField."""
    text = text.strip()
    if text and (not _VISIBLE.fullmatch(text) or len(text) > _LONGEST_CLAIM):
        raise InvalidField(
            "role_claim", Message("Give the name of a claim, as groups, without spaces.")
        )
    return text


def read_roles(text: str) -> dict[str, Role]:
    """Return the role of each value, from lines as `value = role`; raise InvalidField."""
    found: dict[str, Role] = {}
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        value, _, named = (part.strip() for part in line.rpartition("="))
        role = next((each for each in ROLES if each == named.lower()), None)
        if not value or role is None or len(value) > _LONGEST_CLAIM or not value.isprintable():
            raise InvalidField(
                "roles",
                Message(
                    "Write each line as value = admin, staff or user: {line}",
                    line=line[:80],
                ),
            )
        if value in found:
            raise InvalidField(
                "roles", Message("This value has two lines: {value}", value=value[:80])
            )
        found[value] = role
    if len(found) > _MOST_MAPPED:
        raise InvalidField("roles", Message("Give {most} lines at most.", most=_MOST_MAPPED))
    return found


def write_roles(roles: Mapping[str, Role]) -> str:
    """Return lines that `read_roles` reads."""
    return "\n".join(f"{value} = {role}" for value, role in roles.items())


def lower(role: Role, cap: Role) -> Role:
    """Return the role, or the cap where the role can do more."""
    return role if ROLES.index(role) >= ROLES.index(cap) else cap


def role_of(provider: Provider, claims: Claims) -> Role | None:
    """Return the role that the claims give, never above the cap; None where no claim gives roles.

    Of several values the one that can do most counts; without any, the default role.
    """
    if not provider.role_claim:
        return None
    values = _values(_claim(claims.every, provider.role_claim))
    found = [provider.roles[each] for each in values if each in provider.roles]
    wanted = min(found, key=ROLES.index, default=provider.default_role)
    return lower(wanted, provider.highest_role)


def username_candidates(email: str) -> list[str]:
    """Return the usernames for somebody new, the best one first; each may be taken."""
    whole = re.sub(r"[^a-z0-9._@+-]", "-", email.lower())
    name = re.sub(r"^[^a-z0-9]+", "", whole.rpartition("@")[0])[:50] or "user"
    first = [whole] if len(whole) <= 64 and whole[:1].isalnum() else []
    base = name if len(name) > 1 else f"{name}-user"
    return [*first, base, *(f"{base}-{number}" for number in range(2, 100))]


def host_of(issuer: str) -> str:
    """Return what people know a provider by: the host of its issuer."""
    return urlsplit(issuer).hostname or issuer


def _claim(claims: Mapping[str, object], name: str) -> object:
    """Return a claim by its name; a name with dots may lead into objects, as in Keycloak's."""
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _values(found: object) -> list[str]:
    listed = found if isinstance(found, list) else [found]
    return [each for each in listed if isinstance(each, str)]
