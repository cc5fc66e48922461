"""The word of a gateway's authorization server about who calls, for the API behind the gateway.

Gatepass answers a gateway with plain identity headers and with X-Auth-Assertion, the same as a
JWT that it has signed. Who reads the assertion needs no trust in the gateway's way with headers.
Pure: no I/O, no clock.
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
    """Tell who is calling, from the value of X-Auth-Assertion at `now` (seconds since 1970).

    Checks form, signature (by a key of `keys` and its own algorithm), type (`JWT`), use
    (`token_use` is `assertion`, or missing as from older servers), that all
    claims are there and of the right JSON type, issuer (exactly), audience (it must have
    `expect.resource`), time (with 10 seconds for clocks that differ), and that it lives no
    longer than LONGEST_ASSERTION seconds. `claims` and `lenient` of `expect` are for tokens of
    other issuers, and not used. The Principal's `expires_at` is the assertion's. Raises OAuthError
    (`invalid_token`), with one sentence for the caller and the reason in its note; ValueError
    where `expect` names no resource.

    Does NOT check scope (ask the Principal), or that this request is the one that the gateway
    asked about: whoever reads an assertion can send it again until it expires. Revocation is
    the gateway's part, which asks about each request.
    """
    said, payload = jws.verify(text, keys)
    if said.typ != _TYPE:
        raise invalid_token("not typed as an assertion")
    try:
        claims = strict_json.read_object(payload)
    except ValueError:
        raise invalid_token("the claims are not a JSON object") from None
    if claims.get(token_use.CLAIM, token_use.ASSERTION) != token_use.ASSERTION:
        raise invalid_token("not for the use of an assertion")
    ours = Expectation(expect.issuer, expect.resource)
    principal = Principal.from_claims(claims, ours, now=now)
    if lifetime(claims) > LONGEST_ASSERTION:
        raise invalid_token("lives longer than an assertion")
    return principal
