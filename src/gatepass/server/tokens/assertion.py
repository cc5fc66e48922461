"""Client authentication by a signed assertion, `private_key_jwt` (RFC 7521, RFC 7523). Pure.

An assertion is accepted once. That needs memory, so it is the caller's part (`oauth`).
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from gatepass.jose import base64url, compact
from gatepass.jose.compact import Jws, MalformedError
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications.cached_application import CachedApplication, CachedSecret
from gatepass.server.domain.applications.keys.cache import CachedKey
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows
from gatepass.wire.params import can_be_sent
from gatepass.wire.secret import Secret

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFETIME = 600  # seconds from now to `exp`
EARLY = 30  # seconds that `iat` and `nbf` may be in the future
LONGEST_JTI = 256  # characters
MOST_TRIED = 10  # keys, for an assertion that names none
_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})
_MODULUS = (  # of the key of RFC 7515 appendix A.2: nobody uses it
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4"
    "d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re"
    "xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX"
    "FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
)


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

    The signature is verified first, for an unknown client or key with a key that nobody has: so
    the time does not tell whether the client exists. The reason is in `log_detail`, for the log
    and the application's owner.
    """
    jws = assertion.jws
    if jws is None:
        raise _refused("assertion_malformed", f"malformed assertion: {assertion.fault}")
    key = _signer(jws, keys)
    if application is None:
        raise _refused("unknown_client", "unknown client")
    if key is None:
        raise _refused(*_without_key(jws, keys))
    jti, expires_at = _check_claims(jws, client_id, audience, now)
    if not key.is_live(now):
        raise _refused("expired_key", f"expired key {key.name!r}")
    if application.is_disabled:
        raise _refused("disabled", "the application is disabled")
    if application.is_suspended:
        raise _refused("suspended", "the organization is suspended")
    if application.networks and not allows(application.networks, source):
        raise _refused("network", "the source is in none of the application's networks")
    credential = CachedSecret(key.id_bytes, key.id_bytes, "", None, False, None, is_key=True)
    return Accepted(credential, jti, expires_at)


def replayed() -> OAuthError:
    """Return the error for an assertion that was used before."""
    return _refused("assertion_replayed", "the assertion was used before")


def _refused(reason: str, log_detail: str) -> OAuthError:
    return OAuthError(
        "invalid_client", "Client authentication failed.", log_detail=log_detail, reason=reason
    )


def _signer(jws: Jws, keys: Sequence[CachedKey]) -> CachedKey | None:
    """Return the key that signed; without `kid` each that fits is tried."""
    fitting = [
        each
        for each in keys
        if jws.alg in each.key.algorithms and (not jws.kid or each.key.kid == jws.kid)
    ][:MOST_TRIED]
    if not fitting:
        _placeholder(jws.alg).verify(jws.alg, jws.message, jws.signature)
    signed = [each for each in fitting if each.key.verify(jws.alg, jws.message, jws.signature)]
    return signed[0] if signed else None


def _without_key(jws: Jws, keys: Sequence[CachedKey]) -> tuple[str, str]:
    """Return why no key signed: as one word, and as text for the log."""
    if not keys:
        return "no_key", "the application has no key"
    if jws.kid and all(each.key.kid != jws.kid for each in keys):
        return "unknown_key", "signed with a key that is not registered"
    if not any(jws.alg in each.key.algorithms for each in keys):
        return "wrong_key", "signed by another algorithm than the key's"
    return "wrong_key", "the signature is wrong"


def _check_claims(jws: Jws, client_id: str, audience: Audience, now: float) -> tuple[str, float]:
    """Return `jti` and `exp` of an assertion with a right signature; raise OAuthError."""
    try:
        expires_at, begins = compact.number(jws.claims, "exp"), compact.number(jws.claims, "nbf")
        issued_at = compact.number(jws.claims, "iat")
    except MalformedError as error:
        raise _refused("assertion_malformed", f"malformed assertion: {error}") from None
    jti = jws.claims.get("jti")
    typ = (jws.typ or "").lower().removeprefix("application/")
    if typ not in _TYPES:
        raise _refused("assertion_malformed", "malformed assertion: typ is another one's")
    if jws.claims.get("iss") != client_id or jws.claims.get("sub") != client_id:
        raise _refused("assertion_malformed", "malformed assertion: iss and sub are not the client")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI or not jti.isprintable():
        raise _refused("assertion_malformed", "malformed assertion: jti is missing or too long")
    if expires_at is None:
        raise _refused("assertion_malformed", "malformed assertion: exp is missing")
    if not _is_audience(jws.claims.get("aud"), audience):
        raise _refused("assertion_audience", "the audience is not this issuer")
    if expires_at <= now:
        raise _refused("assertion_clock", f"the assertion expired {_ago(now - expires_at)} ago")
    ahead = max(begins or 0, issued_at or 0) - now
    if ahead > EARLY:
        raise _refused("assertion_clock", f"the assertion is from {_ago(ahead)} in the future")
    if expires_at > now + LONGEST_LIFETIME:
        raise _refused("assertion_lifetime", f"exp is {_ago(expires_at - now)} away")
    return jti, expires_at


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


@cache
def _placeholder(alg: str) -> ClientKey:
    """Return a key that no client has, to verify with where there is none."""
    if alg in {"ES256", "ES384", "ES512", "Ed25519"}:
        return ClientKey.from_jwk(PrivateKey.generate(alg).public_jwk())
    exponent = base64url.encode((65537).to_bytes(3))
    return ClientKey.from_jwk({"kty": "RSA", "n": _MODULUS, "e": exponent})
