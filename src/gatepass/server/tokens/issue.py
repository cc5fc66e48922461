"""A grant becomes a token (RFC 6749 §5.1)."""

from collections.abc import Iterator
from os import urandom
from typing import NamedTuple

from gatepass.jose.confirmation import Confirmation
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.keys.keyring import Keyring
from gatepass.server.tokens.claims import Claims, token_type
from gatepass.server.tokens.grant import Grant
from gatepass.server.tokens.jwt import sign
from gatepass.server.tokens.opaque import fill_template
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import PARTNER_API

ENTROPY = 16  # bytes
_AT_A_TIME = 256
_MOST_AHEAD_MS = 5000  # of a token's time of issue
_LONGEST_RETRY = 60  # seconds
_new = tuple.__new__  # takes half the time of calling a NamedTuple, whose __new__ is in Python


def entropy() -> Iterator[bytes]:
    """Yield 128 random bits at a time, without end.

    They are read from the kernel 256 at a time, as a call costs more than encoding a token.
    Forked processes must not share the iterator.
    """
    while True:
        block = urandom(ENTROPY * _AT_A_TIME)
        for at in range(0, len(block), ENTROPY):
            yield block[at : at + ENTROPY]


class IssuedToken(NamedTuple):
    """An access token; `expires_in` is seconds."""

    access_token: str
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105 - a type, not a token


def issue(
    application: CachedApplication,
    grant: Grant,
    keys: Keyring,
    issuer: str,
    now_ms: int,
    entropy: bytes,
    confirmation: Confirmation | None = None,
) -> IssuedToken:
    """Return a token for what an application was granted; `entropy`, 128 random bits, is its id.

    With a `confirmation` it is bound to that.

    If the application's tokens are revoked up to a time in the next seconds, the token's time of
    issue is the millisecond after it, so that the token is valid. A JWT's `iat` stays the present
    time, as APIs refuse one in the future. Raises OAuthError (503) if that time is further ahead,
    as the token would be revoked already.
    """
    revoked_before_ms = application.revoked_before_ms
    issued_ms = now_ms if now_ms > revoked_before_ms else _issue_after(revoked_before_ms, now_ms)
    if grant.form == "opaque":
        access_token = fill_template(
            grant.template,
            application.id_bytes,
            entropy,
            issued_ms,
            keys.opaque_token_key,
            confirmation,
        )
        kind = token_type(confirmation)
        return _new(IssuedToken, (access_token, grant.lifetime, grant.scope_text, kind))
    audience = grant.audience or (issuer + PARTNER_API,)
    claims = Claims(
        application.client_id,
        entropy,
        issued_ms,
        grant.lifetime,
        grant.scope_text,
        audience,
        confirmation,
    )
    key = keys.signing_keys[grant.form]
    signed = sign(claims, application.org_id, issuer, key, now_ms // 1000)
    return IssuedToken(signed, grant.lifetime, grant.scope_text, claims.token_type)


def _issue_after(revoked_before_ms: int, now_ms: int) -> int:
    if revoked_before_ms - now_ms >= _MOST_AHEAD_MS:
        raise OAuthError(
            "temporarily_unavailable",
            "Tokens of this application are revoked up to a moment that is still to come. "
            "Try again later.",
            log_detail="the clock is behind the one that revoked the application's tokens",
            retry_after=min(_LONGEST_RETRY, (revoked_before_ms - now_ms) // 1000 + 1),
        )
    return revoked_before_ms + 1
