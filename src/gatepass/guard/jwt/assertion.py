"""Assertions about the caller, which Gatepass signs for an API behind a gateway.

Gatepass responds to a gateway with plain identity headers and with X-Auth-Assertion, a signed JWT
of the same content. An API that verifies the assertion need not trust how the gateway handles
headers. Pure: no I/O, no clock.
"""

from gatepass.guard.jwt.kind import LONGEST_ASSERTION, lifetime
from gatepass.guard.model.expectation import Expectation
from gatepass.guard.model.principal import Principal
from gatepass.jose import jws, strict_json, token_use
from gatepass.jose.jwks import KeySet
from gatepass.wire.bearer import invalid_token

ASSERTION_HEADER = "X-Auth-Assertion"
"""The request header in which a gateway passes the assertion on."""

_TYPE = "JWT"  # an access token is typed at+jwt (RFC 9068 §2.1), so neither serves as the other


def verify_assertion(text: str, keys: KeySet, expect: Expectation, now: float) -> Principal:
    """Return the caller from the value of X-Auth-Assertion, at `now` (seconds since 1970).

    Checks form, signature (by a key of `keys` and its own algorithm), type (`JWT`), use
    (`token_use` is `assertion`, or missing as from older servers), that all
    claims are there and of the right JSON type, issuer (exactly), audience (it must have
    `expect.resource`), time (with 10 seconds for clocks that differ), and that it lives no
    longer than LONGEST_ASSERTION seconds. `claims` and `lenient` of `expect` are for tokens of
    other issuers, and not used. The Principal's `expires_at` is the assertion's. Raises OAuthError
    (`invalid_token`), with one sentence for the caller and the reason in `log_detail`;
    ValueError if `expect` names no resource.

    Does NOT check scope (see Principal), or that this request is the one for which the gateway
    got the assertion: a copy can be sent again until it expires. The gateway checks revocation,
    with each request.
    """
    header, payload = jws.verify(text, keys)
    if header.typ != _TYPE:
        raise invalid_token("not typed as an assertion")
    try:
        claims = strict_json.read_object(payload)
    except ValueError:
        raise invalid_token("the claims are not a JSON object") from None
    if claims.get(token_use.CLAIM, token_use.ASSERTION) != token_use.ASSERTION:
        raise invalid_token("not for the use of an assertion")
    own = Expectation(expect.issuer, expect.resource)
    principal = Principal.from_claims(claims, own, now=now)
    if lifetime(claims) > LONGEST_ASSERTION:
        raise invalid_token("lives longer than an assertion")
    return principal
