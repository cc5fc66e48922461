"""Applications and their secrets, with the rules that their values obey."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from gatepass.server.domain.applications.settings.model import ApplicationSettings
from gatepass.server.domain.names import is_visible, tidy
from gatepass.server.domain.token_policy import LONGEST_LIFETIME, SHORTEST_LIFETIME
from gatepass.server.storage.timestamps import milliseconds
from gatepass.translation.message import Message
from gatepass.wire.credential import Kind, Mode, mint
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from gatepass.wire.urls import is_confidential, split

GRANT_TYPE = "client_credentials"
LONGEST_NAME = 100
LONGEST_CONTACT = 200
MOST_LIVE_SECRETS = 2
MOST_REDIRECT_URIS = 10

OVERLAPS = {
    timedelta(0): Message("none"),
    timedelta(hours=1): Message("1 hour"),
    timedelta(days=1): Message("24 hours"),
    timedelta(days=7): Message("7 days"),
    timedelta(days=30): Message("30 days"),
}

UNTIL_USED = "until the new secret is first used"

State = Literal["active", "disabled"]
RateLimitMode = Literal["off", "warn", "enforce"]
RATE_LIMIT_MODES: tuple[RateLimitMode, ...] = ("off", "warn", "enforce")
HIGHEST_RATE_LIMIT = 1_000_000  # an hour


@dataclass(frozen=True, slots=True)
class ApplicationSecret:
    """One of an application's secrets: its digest, and the last four characters to tell it by.

    An imported secret may have only another system's hash (`encoded`). Until its first use its
    digest is random and `last_four` is empty.

    A secret with `ends_on_use_of` ends when the secret with that id is first used.
    """

    id: UUID
    digest: bytes
    last_four: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    encoded: str | None = field(default=None, repr=False)
    last_used_from: str | None = None
    last_used_agent: str | None = None
    ends_on_use_of: UUID | None = None

    def is_live(self, now: datetime) -> bool:
        """Return whether it still authenticates."""
        return self.expires_at is None or now < self.expires_at


CLOCK_MARGIN = timedelta(seconds=1)
"""How far after now a revocation of all tokens reaches, as the clocks of two nodes differ."""


@dataclass(frozen=True, slots=True)
class Application:
    """A registered client (RFC 6749 §2) of an organization.

    `networks` are those that its requests may come from; without any, all are. A token that was
    issued at `revoked_before_ms` (Unix milliseconds) or before is not good any more, or never was
    its own: there may have been another application of the same client id before it.
    """

    id: UUID
    org_id: UUID
    client_id: str
    name: str
    scope: Scope
    token_lifetime: int
    created_at: datetime
    created_by: str
    secrets: tuple[ApplicationSecret, ...]
    redirect_uris: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    contact: str = ""
    client_type: str = "confidential"
    grant_type: str = GRANT_TYPE
    disabled_at: datetime | None = None
    tokens_revoked_before: datetime | None = None
    org_suspended_at: datetime | None = None
    last_used_at: datetime | None = None
    last_used_from: str | None = None
    last_used_agent: str | None = None
    imported_from: str | None = None
    rate_limit_mode: RateLimitMode = "off"
    rate_limit: int | None = None
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    profile: str | None = None
    introspection_signed_response_alg: str | None = None
    revoked_before_ms: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compute what every check of a token needs."""
        revoked = self.tokens_revoked_before
        until = revoked_before(
            milliseconds(self.created_at), None if revoked is None else milliseconds(revoked)
        )
        object.__setattr__(self, "revoked_before_ms", until)

    @property
    def state(self) -> State:
        """Return whether its owner disabled it."""
        return "disabled" if self.disabled_at else "active"

    @property
    def settings(self) -> ApplicationSettings:
        """Return the settings that few applications have."""
        return ApplicationSettings(
            self.dpop_bound_access_tokens,
            self.tls_client_certificate_bound_access_tokens,
            self.profile,
            self.introspection_signed_response_alg,
        )

    def next_revocation(self, now: datetime) -> datetime:
        """Return `tokens_revoked_before` for a revocation of all tokens at `now`.

        It always grows: neither a clock that is set back nor a second revocation in the same
        millisecond leaves an old token active. See `MARGIN`.
        """
        last, void = self.tokens_revoked_before, now + CLOCK_MARGIN
        return void if last is None else max(void, last + timedelta(milliseconds=1))

    def change_time(self, now: datetime) -> datetime:
        """Return the moment of a change at `now`: never before the last use that is stored."""
        return now if self.last_used_at is None else max(now, self.last_used_at)

    def is_imported_secret(self, secret: ApplicationSecret) -> bool:
        """Return whether a secret was imported with the application."""
        return self.imported_from is not None and secret.created_at == self.created_at

    def live_secrets(self, now: datetime) -> tuple[ApplicationSecret, ...]:
        """Return the secrets that authenticate, newest first."""
        live = [secret for secret in self.secrets if secret.is_live(now)]
        return tuple(sorted(live, key=lambda secret: secret.created_at, reverse=True))


def revoked_before(created_ms: int, tokens_revoked_before_ms: int | None) -> int:
    """Return `Application.revoked_before_ms`; all are Unix milliseconds."""
    return max(created_ms - 1, tokens_revoked_before_ms or 0)


def may_request_tokens(client_type: str, grant_type: str) -> bool:
    """Return whether clients of this type and grant type are served (RFC 6749 §2.1, §4.4)."""
    return client_type == "confidential" and grant_type == GRANT_TYPE


def check_name(name: str) -> str:
    """Return the name, normalized; raise OAuthError if empty, too long, or with invisible parts."""
    name = tidy(name)
    if not is_visible(name):
        raise OAuthError("invalid_request", Message("Enter a name."))
    if len(name) > LONGEST_NAME:
        raise OAuthError(
            "invalid_request", Message("A name has {most} characters at most.", most=LONGEST_NAME)
        )
    return name


def check_lifetime(seconds: int) -> int:
    """Return the token lifetime; raise OAuthError outside 60 seconds to 30 days."""
    if not SHORTEST_LIFETIME <= seconds <= LONGEST_LIFETIME:
        raise OAuthError(
            "invalid_request",
            Message(
                "A token lives {shortest} to {longest} seconds (30 days).",
                shortest=str(SHORTEST_LIFETIME),
                longest=str(LONGEST_LIFETIME),
            ),
        )
    return seconds


def check_contact(contact: str) -> str:
    """Return whom to tell of trouble, tidy as a name; empty where nobody is named."""
    contact = tidy(contact)
    if len(contact) > LONGEST_CONTACT:
        raise OAuthError(
            "invalid_request",
            Message("A contact has {most} characters at most.", most=LONGEST_CONTACT),
        )
    return contact


def check_rate_limit_mode(mode: str) -> RateLimitMode:
    """Return what happens above the token rate limit; raise OAuthError for an unknown mode."""
    known = next((each for each in RATE_LIMIT_MODES if each == mode), None)
    if known is None:
        raise OAuthError(
            "invalid_request", Message("Choose one of {modes}.", modes=", ".join(RATE_LIMIT_MODES))
        )
    return known


def check_rate_limit(limit: int | None) -> int | None:
    """Return the token rate limit; raise OAuthError outside 1 to 1,000,000 tokens per hour."""
    if limit is not None and not 1 <= limit <= HIGHEST_RATE_LIMIT:
        raise OAuthError(
            "invalid_request",
            Message("A limit is 1 to {most} tokens per hour.", most=str(HIGHEST_RATE_LIMIT)),
        )
    return limit


def check_scope(scope: Scope, allowed: Scope) -> Scope:
    """Return the scope; raise OAuthError (`invalid_scope`) if empty or not within `allowed`."""
    if not scope.names:
        raise OAuthError("invalid_scope", Message("Choose at least one scope."))
    if not allowed.covers(scope):
        unknown = str(scope.without(allowed))
        raise OAuthError(
            "invalid_scope",
            Message(
                "There is no scope {unknown}. Choose from: {allowed}.",
                unknown=unknown,
                allowed=str(allowed),
            ),
        )
    return scope


def new_client_id(mode: Mode, entropy: bytes) -> str:
    """Return a client id; 128 random bits, so that it never collides and cannot be guessed."""
    return mint(Kind.CLIENT_ID, mode, entropy)


def new_secret(
    secret_id: UUID, mode: Mode, entropy: bytes, now: datetime, end: datetime | None = None
) -> tuple[Secret, ApplicationSecret]:
    """Return a client secret of 256 random bits that works until `end`, and what is kept of it."""
    secret = Secret(mint(Kind.CLIENT_SECRET, mode, entropy))
    return secret, ApplicationSecret(secret_id, secret.digest(), secret.value[-4:], now, end)


def with_overlap(
    secrets: tuple[ApplicationSecret, ...], overlap: timedelta | None, now: datetime, new_id: UUID
) -> tuple[ApplicationSecret, ...]:
    """Return the live secrets as a rotation leaves them: ending when the overlap is over.

    Without an overlap (None) they end when the new secret is used for the first time.

    Raises OAuthError where two are live already, or for an overlap that is not offered.
    """
    if overlap is not None and overlap not in OVERLAPS:
        raise OAuthError("invalid_request", Message("Choose one of the offered overlaps."))
    if len(secrets) >= MOST_LIVE_SECRETS:
        raise OAuthError(
            "invalid_request",
            Message("Two secrets are live already. Revoke one of them, then rotate again."),
        )
    if overlap is None:
        return tuple(replace(each, ends_on_use_of=new_id) for each in secrets)
    end = now + overlap
    return tuple(
        replace(each, expires_at=end if each.expires_at is None else min(each.expires_at, end))
        for each in secrets
    )


def check_redirect_uris(text: str) -> tuple[str, ...]:
    """Return redirect URIs (RFC 6749 §3.1.2), one a line; raise OAuthError for an unsafe one.

    https, or http to this machine (RFC 8252 §7.3); no fragment, no user. They are kept for the
    record, as client credentials use none.
    """
    uris = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(uris) > MOST_REDIRECT_URIS:
        raise OAuthError(
            "invalid_request",
            Message("Give {most} redirect URIs at most.", most=MOST_REDIRECT_URIS),
        )
    for number, uri in enumerate(uris, 1):
        if not _is_safe(uri):
            raise OAuthError(
                "invalid_request",
                Message(
                    "Line {number} is not an https address without a fragment, "
                    "as https://www.example.com/callback.",
                    number=number,
                ),
            )
    return uris


def _is_safe(uri: str) -> bool:
    parts = None if set(uri) & set(' "<>\\^`{|}#') else split(uri)
    return parts is not None and is_confidential(parts) and "@" not in parts.netloc
