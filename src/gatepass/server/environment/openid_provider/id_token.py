"""Checks an ID token (OpenID Connect Core 1.0 §3.1.3.7) and reads what it says. Pure."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from gatepass.jose import jws, strict_json
from gatepass.jose.jwks import Key
from gatepass.jose.jws import Header
from gatepass.server.domain.users.model import check_email
from gatepass.server.domain.users.single_sign_on.model import Claims
from gatepass.server.environment.openid_provider.errors import ProviderError
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

LEEWAY = 60  # seconds by which the clocks may differ
_OLDEST = 600  # seconds since `iat`: the token was made for this answer
_LONGEST_SUBJECT = 255
_LATEST = 2**40  # a NumericDate beyond any date
_ENTRA = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
    }
)
_GOOGLE = "accounts.google.com"


class Expected(NamedTuple):
    """What an ID token must be: of this issuer, for this client and this round trip.

    With `max_age` (seconds) it must say that the person has logged in at the provider since.
    """

    issuer: str
    client_id: str
    nonce: Secret
    now: float
    max_age: int | None = None


def read(text: str, header: Header, key: Key, expected: Expected) -> Claims:
    """Return what an ID token says, signed by `key`; raise ProviderError for any other."""
    try:
        payload = jws.verify_with(text, header, key)
        members = strict_json.read_object(payload)
    except OAuthError as error:
        raise ProviderError(f"the ID token is {error.log_detail}") from None
    except ValueError as error:
        raise ProviderError(f"the ID token has claims that are {error}") from None
    if header.typ is not None and str(header.typ).lower() not in {"jwt", "application/jwt"}:
        raise ProviderError("the ID token is of another type")
    _check_for_whom(members, expected)
    _check_times(members, expected)
    nonce = members.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.value.encode()
    ):
        raise ProviderError("the ID token has another nonce")
    return claims_of(members, expected.issuer, _auth_time(members, expected))


def claims_of(
    members: Mapping[str, object], issuer: str, auth_time: datetime | None = None
) -> Claims:
    """Return the claims of somebody; raise ProviderError without a subject."""
    subject = members.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
        raise ProviderError("the ID token has no subject")
    if not subject.isascii() or not subject.isprintable():
        raise ProviderError("the subject is not printable ASCII")
    email = members.get("email")
    try:
        email = check_email(email) if isinstance(email, str) else None
    except OAuthError:
        email = None
    verified = email is not None and _is_verified(members, issuer)
    return Claims(issuer, subject, email, verified, auth_time, dict(members))


def _is_verified(members: Mapping[str, object], issuer: str) -> bool:
    """Return whether the provider says that the address belongs to the person.

    Entra ID has no `email_verified`; its `xms_edov` says that the owner of the domain vouches for
    the address. Google verifies the addresses of personal accounts as well, which the company of
    the domain does not control: `hd` names the company that does.
    """
    host = urlsplit(issuer).hostname
    says = members.get("email_verified")
    if host in _ENTRA and says is None:
        says = members.get("xms_edov")
        return says is True or says in ("1", "true") or (says == 1 and isinstance(says, int))
    if host == _GOOGLE and not isinstance(members.get("hd"), str):
        return False
    return says is True or says == "true"


def _check_for_whom(members: Mapping[str, object], expected: Expected) -> None:
    if members.get("iss") != expected.issuer:
        raise ProviderError("the ID token is of another issuer")
    if members.get("aud") not in (expected.client_id, [expected.client_id]):
        raise ProviderError("the ID token is for another client")
    if members.get("azp", expected.client_id) != expected.client_id:
        raise ProviderError("the ID token was issued to another client")


def _check_times(members: Mapping[str, object], expected: Expected) -> None:
    expires_at, issued_at = _number(members, "exp"), _number(members, "iat")
    if expires_at is None or issued_at is None:
        raise ProviderError("the ID token does not say when it was made and ends")
    if expires_at <= expected.now - LEEWAY:
        raise ProviderError("the ID token has expired")
    if not expected.now - _OLDEST <= issued_at <= expected.now + LEEWAY:
        raise ProviderError("the ID token was not made now: compare the clocks")
    begins_at = _number(members, "nbf")
    if begins_at is not None and begins_at > expected.now + LEEWAY:
        raise ProviderError("the ID token is not valid yet: compare the clocks")


def _auth_time(members: Mapping[str, object], expected: Expected) -> datetime | None:
    """Return when the person logged in at the provider; raise ProviderError if too long ago."""
    at = _number(members, "auth_time")
    if at is not None and at > expected.now + LEEWAY:
        raise ProviderError("the log-in at the provider is in the future: compare the clocks")
    if expected.max_age is not None:
        if at is None:
            raise ProviderError("the provider does not say when the person logged in (auth_time)")
        if at < expected.now - expected.max_age - LEEWAY:
            raise ProviderError("the log-in at the provider is too old")
    return None if at is None else datetime.fromtimestamp(min(at, expected.now), UTC)


def _number(members: Mapping[str, object], name: str) -> float | None:
    value = members.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < _LATEST else None
