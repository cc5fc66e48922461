"""JWT access tokens, verified offline (RFC 9068 §4). Pure: no I/O, no clock."""

from gatepass.guard.jwt.kind import check_access, check_use
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.jose import jws, strict_json
from gatepass.jose.jwks import Key, KeySet
from gatepass.wire.bearer import invalid_token

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_PLAIN_TYPES = _TYPES | {"jwt"}


def verify(text: str, keys: KeySet, expect: Expectation, now: float) -> Principal:
    """Tell who is calling, from a JWT access token at `now` (seconds since 1970).

    Checks form, signature (ES256, EdDSA, PS256 or RS256, by a key of `keys` and its own
    algorithm), type (`at+jwt`; if `expect` is `lenient`, `JWT` or none too, unless the claims are
    those of another JWT: see `check_access`), that all required claims are there and of the right
    JSON type, issuer (exactly), audience (it must have `expect.resource`), and time (`exp`, `nbf`
    and `iat`, with 10 seconds for clocks that differ). Raises OAuthError (`invalid_token`), with
    one sentence for the caller and the reason in its note; the token is in neither.

    Does NOT check scope (ask the Principal), who owns what is asked for, revocation (a
    revoked JWT passes here until it expires: see introspection), where the request comes from
    (ask the Principal, though a JWT of Gatepass names no networks), or that a `jti` is new. Takes
    no token that is bound to a key (`cnf`), and fetches no keys: where `keys` came from, and
    when to read them again, is the caller's part. Raises ValueError where `expect` names no
    resource, as any API's token would do then.
    """
    said, payload = jws.verify(text, keys)
    return _read(said, payload, expect, now)


def verify_with(
    text: str, said: jws.Header, key: Key, expect: Expectation, now: float
) -> Principal:
    """Do what `verify` does, with the header read and its key found already."""
    return _read(said, jws.verify_with(text, said, key), expect, now)


def _read(said: jws.Header, payload: bytes, expect: Expectation, now: float) -> Principal:
    kind = said.typ
    if kind is None and expect.lenient:
        kind = "JWT"
    types = _PLAIN_TYPES if expect.lenient else _TYPES
    if not isinstance(kind, str) or kind.lower() not in types:
        raise invalid_token("not typed as an access token")
    try:
        claims = strict_json.read_object(payload)
    except ValueError:
        raise invalid_token("the claims are not a JSON object") from None
    check_use(claims)
    if kind.lower() not in _TYPES:
        check_access(claims)
    return Principal.from_claims(claims, expect, now=now)
