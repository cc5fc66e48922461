"""Client authentication by a signed assertion, `private_key_jwt` (RFC 7521, RFC 7523). Pure.

An assertion is accepted once. That needs memory, so it is the caller's part (`oauth`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from gatepass.jose import compact
from gatepass.jose.compact import Jws, MalformedError
from gatepass.jose.keys.placeholder_key import placeholder_key
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys.cache import CachedKey
from gatepass.server.tokens.refused_client import check_admitted, refused_client
from gatepass.wire.errors import OAuthError
from gatepass.wire.params import can_be_sent
from gatepass.wire.secret import Secret

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFETIME = 600  # seconds from now to `exp`
EARLY = 30  # seconds that `iat` and `nbf` may be in the future
LONGEST_JTI = 256  # characters
MOST_TRIED = 3  # keys, for an assertion that names none: an old, a new and a spare one
_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})


class PresentedAssertion(NamedTuple):
    """An assertion as a request presents it; `jws` is None where it is malformed (`fault`)."""

    jws: Jws | None
    text: Secret
    fault: str = ""


class Audience(NamedTuple):
    """What an assertion's `aud` may be: the issuer, and where that is allowed an endpoint."""

    issuer: str
    endpoints: frozenset[str]
    is_legacy_allowed: bool


class Accepted(NamedTuple):
    """An assertion that is right, of `credential`; whether it is the first is not known yet."""

    credential: CachedSecret
    jti: str
    expires_at: float


def read(text: str) -> PresentedAssertion:
    """Read an assertion; nothing in it is proved."""
    try:
        return PresentedAssertion(compact.parse(text), Secret(text))
    except MalformedError as error:
        return PresentedAssertion(None, Secret(text), str(error))


def client_id_of(assertion: PresentedAssertion) -> str:
    """Return whom an assertion names; "" for none, and for what no client id can be."""
    subject = assertion.jws.claims.get("sub") if assertion.jws else None
    return subject if isinstance(subject, str) and can_be_sent(subject) else ""


def authenticate(
    assertion: PresentedAssertion,
    client_id: str,
    application: CachedApplication | None,
    keys: Sequence[CachedKey],
    audience: Audience,
    source: str,
    now: float,
) -> Accepted:
    """Verify an assertion at `now` (Unix seconds); raise OAuthError `invalid_client`.

    The signature is verified first. For a refusal that is done as often as the assertion itself
    says, with keys that nobody has where the client has none: so the time does not say whether
    the client exists, nor which keys it has. The reason is in `log_detail`, for the log and the
    application's owner.
    """
    jws = assertion.jws
    if jws is None:
        raise _malformed(assertion.fault)
    key, verified = _signer(jws, keys, now)
    try:
        if application is None:
            raise refused_client("unknown_client", "unknown client")
        if key is None:
            raise refused_client(*_without_key(jws, keys))
        jti, expires_at = _check_claims(jws, client_id, audience, now)
        if not key.is_live(now):
            raise refused_client("expired_key", f"expired key {key.name!r}")
        check_admitted(application, source)
    except OAuthError:
        _verify_in_vain(jws, verified)
        raise
    credential = CachedSecret(key.id_bytes, key.id_bytes, "", None, False, None, is_key=True)
    return Accepted(credential, jti, expires_at)


def replayed() -> OAuthError:
    """Return the error for an assertion that was used before."""
    return refused_client("assertion_replayed", "the assertion was used before")


def _signer(jws: Jws, keys: Sequence[CachedKey], now: float) -> tuple[CachedKey | None, int]:
    """Return the key that signed, and how many signatures were verified to find it.

    An assertion that names no key is tried against the oldest live ones that fit: so a new key
    takes nothing from a program that uses one of those before it.
    """
    fitting = [
        each
        for each in keys
        if each.key.fits(jws.alg, jws.signature) and (not jws.kid or each.key.kid == jws.kid)
    ]
    if len(fitting) > 1:
        fitting.sort(key=lambda each: not each.is_live(now))
    for number, each in enumerate(fitting[: _most_verified(jws)], 1):
        if each.key.verify(jws.alg, jws.message, jws.signature):
            return each, number
    return None, min(len(fitting), _most_verified(jws))


def _most_verified(jws: Jws) -> int:
    """Return how many signatures a refusal verifies: the sender alone decides on it."""
    return 1 if jws.kid else MOST_TRIED


def _verify_in_vain(jws: Jws, verified: int) -> None:
    """Verify as many signatures as a refusal has to, beyond those that were."""
    for _ in range(_most_verified(jws) - verified):
        placeholder_key(jws.alg, jws.signature).verify(jws.alg, jws.message, jws.signature)


def _without_key(jws: Jws, keys: Sequence[CachedKey]) -> tuple[str, str]:
    """Return why no key signed: as one word, and as text for the log."""
    if not keys:
        return "no_key", "the application has no key"
    if jws.kid and all(each.key.kid != jws.kid for each in keys):
        return "unknown_key", "signed with a key that is not registered"
    if not any(jws.alg in each.key.algorithms for each in keys):
        return "wrong_key", "signed by another algorithm than the key's"
    fitting = [each for each in keys if each.key.fits(jws.alg, jws.signature)]
    if not jws.kid and len(fitting) > MOST_TRIED:
        return "unnamed_key", f"no key is named, and {len(fitting)} fit"
    return "wrong_key", "the signature is wrong"


def _check_claims(jws: Jws, client_id: str, audience: Audience, now: float) -> tuple[str, float]:
    """Return `jti` and `exp` of an assertion with a right signature; raise OAuthError."""
    try:
        expires_at, begins = compact.number(jws.claims, "exp"), compact.number(jws.claims, "nbf")
        issued_at = compact.number(jws.claims, "iat")
    except MalformedError as error:
        raise _malformed(str(error)) from None
    jti = jws.claims.get("jti")
    typ = (jws.typ or "").lower().removeprefix("application/")
    if typ not in _TYPES:
        raise _malformed("typ is another one's")
    if jws.claims.get("iss") != client_id or jws.claims.get("sub") != client_id:
        raise refused_client(
            "assertion_malformed", "malformed assertion: iss and sub are not the client"
        )
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI or not jti.isprintable():
        raise refused_client(
            "assertion_malformed", "malformed assertion: jti is missing or too long"
        )
    if expires_at is None:
        raise _malformed("exp is missing")
    if not _is_audience(jws.claims.get("aud"), audience):
        raise refused_client("assertion_audience", "the audience is not this issuer")
    if expires_at <= now:
        raise refused_client(
            "assertion_clock", f"the assertion expired {_ago(now - expires_at)} ago"
        )
    ahead = max(begins or 0, issued_at or 0) - now
    if ahead > EARLY:
        raise refused_client(
            "assertion_clock", f"the assertion is from {_ago(ahead)} in the future"
        )
    if expires_at > now + LONGEST_LIFETIME:
        raise refused_client("assertion_lifetime", f"exp is {_ago(expires_at - now)} away")
    return jti, expires_at


def _malformed(fault: str) -> OAuthError:
    return refused_client("assertion_malformed", f"malformed assertion: {fault}")


def _is_audience(aud: object, audience: Audience) -> bool:
    if aud == audience.issuer:
        return True
    if not audience.is_legacy_allowed:
        return False
    named = aud if isinstance(aud, list) else [aud]
    known = {audience.issuer, *audience.endpoints}
    return any(isinstance(each, str) and each in known for each in named)


def _ago(seconds: float) -> str:
    """Return a span in few different words, as equal refusals are one line for the owner."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"more than {int(seconds // size) if unit != 'days' else 2} {unit}"
    return "less than 2 minutes"
