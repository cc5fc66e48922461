"""JWT access tokens, verified offline (RFC 9068 §4). Pure: no I/O, no clock."""

from gatepass.guard.jwt.kind import check_access, check_use
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.jose import jws, strict_json
from gatepass.jose.jwks import Key, KeySet
from gatepass.wire.bearer import invalid_token

_TYPES = frozenset({"at+jwt", "application/at+jwt"})
_LENIENT_TYPES = _TYPES | {"jwt"}


def verify(text: str, keys: KeySet, expect: Expectation, now: float) -> Principal:
    """Return the caller from a JWT access token, at `now` (seconds since 1970).

    Checks form, signature (ES256, EdDSA, PS256 or RS256, by a key of `keys` and its own
    algorithm), type (`at+jwt`; if `expect` is `lenient`, `JWT` or none too, unless the claims are
    those of another JWT: see `check_access`), that all required claims are there and of the right
    JSON type, issuer (exactly), audience (it must have `expect.resource`), and time (`exp`, `nbf`
    and `iat`, with 10 seconds for clocks that differ). Raises OAuthError (`invalid_token`), with
    one sentence for the caller and the reason in `log_detail`; the token is in neither.

    Does NOT check scope (see Principal), who owns the requested data, revocation (a revoked JWT
    is accepted here until it expires: see introspection), where the request comes from (see
    Principal, although a JWT of Gatepass names no networks), or that a `jti` is new. Refuses a
    token that is bound to a key or a certificate (`cnf`), which a `Guard` accepts, and fetches no
    keys: where `keys` come from, and when to read them again, is up to the calling function.
    Raises ValueError if `expect` names no resource, as any API's token would be accepted then.
    """
    header, payload = jws.verify(text, keys)
    return _read(header, payload, expect, now, may_be_bound=False)


def verify_with(
    text: str, header: jws.Header, key: Key, expect: Expectation, now: float
) -> Principal:
    """Return the caller as `verify` does; the header is read, and its key found already.

    Accepts a token that is bound to a key; what its `confirmation` asks is up to the caller.
    """
    payload = jws.verify_with(text, header, key)
    return _read(header, payload, expect, now, may_be_bound=True)


def _read(
    header: jws.Header, payload: bytes, expect: Expectation, now: float, *, may_be_bound: bool
) -> Principal:
    kind = _type(header.typ, expect)
    try:
        claims = strict_json.read_object(payload)
    except ValueError:
        raise invalid_token("the claims are not a JSON object") from None
    check_use(claims)
    if kind not in _TYPES:
        check_access(claims)
    return Principal.from_claims(claims, expect, now=now, may_be_bound=may_be_bound)


def _type(found: object, expect: Expectation) -> str:
    """Return the type in lower case (RFC 7515 §4.1.9); raise OAuthError for another JWT's."""
    if found == "at+jwt":  # nearly always
        return "at+jwt"
    if found is None and expect.lenient:
        return "jwt"
    kind = found.lower() if isinstance(found, str) else ""
    if kind not in (_LENIENT_TYPES if expect.lenient else _TYPES):
        raise invalid_token("not typed as an access token")
    return kind
