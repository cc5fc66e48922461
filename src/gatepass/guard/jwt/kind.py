"""JWTs that are not access tokens, by their claims (RFC 8725 §3.12). Pure.

A JWT of an issuer that does not keep to RFC 9068 is typed `JWT` or not at all, like everything
else that the same issuer signs with the same keys.
"""

from collections.abc import Mapping

from gatepass.guard.model import claims as read
from gatepass.jose import token_use
from gatepass.wire.bearer import invalid_token

LONGEST_ASSERTION = 60  # seconds at most from its issue on

# What an assertion of a Gatepass has that does not say `token_use` yet: these and no others.
_ASSERTION = frozenset(
    {"iss", "sub", "client_id", "org_id", "aud", "scope", "iat", "exp", "jti"},
)
# Members of an ID token (OpenID Connect Core §2, §3.3.2.11) and of a security event or logout
# token (RFC 8417 §2.2, OpenID Connect Back-Channel Logout §2.4).
_OTHERS = frozenset({"at_hash", "c_hash", "s_hash", "events"})
_KEYCLOAK = frozenset({"id", "refresh", "offline", "logout"})  # in its claim `typ`


def check_use(claims: Mapping[str, object]) -> None:
    """Refuse (`invalid_token`) the claims of a JWT that says it is for another use than access."""
    if claims.get(token_use.CLAIM, token_use.ACCESS) != token_use.ACCESS:
        raise invalid_token("for another use than an access token's")


def check_access(claims: Mapping[str, object]) -> None:
    """Refuse (`invalid_token`) the claims of a JWT whose type does not say what it is.

    That is an assertion of an older Gatepass for an API behind a gateway, an ID token, a refresh
    token, or a logout or security event token. Does NOT check anything else.
    """
    if _is_assertion(claims):
        raise invalid_token("an assertion of a gateway's authorization server")
    kind = claims.get("typ")
    if not _OTHERS.isdisjoint(claims) or (isinstance(kind, str) and kind.lower() in _KEYCLOAK):
        raise invalid_token("an ID token or another JWT that is no access token")


def _is_assertion(claims: Mapping[str, object]) -> bool:
    return claims.keys() == _ASSERTION and lifetime(claims) <= LONGEST_ASSERTION


def lifetime(claims: Mapping[str, object]) -> float:
    """Return the seconds from `iat` to `exp`; raise OAuthError if one is missing or malformed."""
    return read.required_time(claims, "exp") - read.required_time(claims, "iat")
