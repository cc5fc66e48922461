"""Whether an access token is valid, and for which requests: the one place that decides this."""

from gatepass.server.domain.applications.cache import Lookup
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.http import NeedsThread
from gatepass.server.oauth.client_authentication import check_not_stale
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens import jwt, opaque
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.verified_cache import AccessToken
from gatepass.wire.bearer import invalid_token
from gatepass.wire.networks import allows
from gatepass.wire.secret import Secret

_AHEAD_MS = 60_000  # a token of a process whose clock is this far ahead is still valid


def read(environment: ServedEnvironment, token: Secret) -> Claims | None:
    """Return the claims of a token that this environment made, opaque or JWT, else None.

    Does NOT check expiry, revocation or the application.
    """
    verified, keys, digest = environment.verified_tokens, environment.state.keys, token.digest()
    claims = verified.get(digest, keys)
    if claims is None:
        if "." in token.value:
            claims = jwt.verify(token.value, keys.verifying_keys, environment.issuer)
        else:
            claims = opaque.decode(token.value, keys.opaque_token_keys)
        if claims is not None:
            verified.put(digest, keys, claims)
    return claims


def find(environment: ServedEnvironment, token: Secret) -> AccessToken | NeedsThread | None:
    """Return an active token with its application, None for any other text.

    A token is active if it has not expired and is not revoked, and its application may still use
    it. Returns NeedsThread where the application is not in memory and must be read in a thread.
    Does NOT check audience, scope or networks, nor whether memory is too old (`check_not_stale`).
    """
    claims = read(environment, token)
    if claims is None or claims.token_id in environment.state.revoked:
        return None
    now = environment.clock()
    if now >= claims.expires_at or claims.issued_ms > now * 1000 + _AHEAD_MS:
        return None
    applications, key = environment.applications, claims.application
    application = applications.get(key)
    if application is None:
        if applications.is_absent(key):
            return None
        lookup = Lookup(key)
        loaded = applications.run_directly(lookup)
        if loaded is None:
            return environment.needs_lookup(lookup)
        [application] = loaded
        if application is None:
            return None
    return (claims, application) if is_token_allowed(application, claims) else None


def is_token_allowed(application: CachedApplication, claims: Claims) -> bool:
    """Return whether an application may still use a token: enabled, and issued late enough."""
    if application.is_disabled or application.is_suspended:
        return False
    return claims.issued_ms > application.revoked_before_ms


def check(
    environment: ServedEnvironment, token: Secret, source: str, audience: str | None
) -> AccessToken | NeedsThread:
    """Return an active token that a request from the address `source` may use for `audience`.

    Without audience any will do. Raises OAuthError `invalid_token`. Does NOT check scope, nor
    whether memory is too old (`check_not_stale`).
    """
    found = find(environment, token)
    if found is None:
        raise invalid_token("the token is not active")
    if isinstance(found, NeedsThread):
        return found
    claims, application = found
    if audience is not None and audience not in audience_of(environment, claims):
        raise invalid_token("the token is for another audience")
    if not allows(application.networks, source):
        raise invalid_token("the source is in none of the application's networks")
    return found


def find_in_memory(environment: ServedEnvironment, token: Secret) -> AccessToken | None:
    """Return an active token; None where it must be looked up or refused, as `inspect` does."""
    found = None if environment.is_stale() else find(environment, token)
    return None if isinstance(found, NeedsThread) else found


def inspect(environment: ServedEnvironment, token: Secret) -> dict[str, object] | None:
    """Return what introspection says of an active token, None for any other; may block.

    Raises OAuthError (503) where the database has been away for too long.
    """
    check_not_stale(environment)
    found = find(environment, token)
    while isinstance(found, NeedsThread):  # again only if a change overtakes the look-up
        found.work()
        found = find(environment, token)
    return None if found is None else describe(environment, found)


def describe(environment: ServedEnvironment, token: AccessToken) -> dict[str, object]:
    """Return the members of an introspection response (RFC 7662 §2.2).

    Extensions of Gatepass: `org_id`, and `allowed_networks` where only requests from these
    networks may use the token.
    """
    claims, application = token
    audience = audience_of(environment, claims)
    networks = [str(network) for network in application.networks]
    return {
        "client_id": application.client_id,
        "scope": claims.scope,
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "iss": environment.issuer,
        "sub": application.client_id,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "jti": claims.jti,
        "token_type": claims.token_type,
        "org_id": str(application.org_id),
        **({"cnf": claims.confirmation.members()} if claims.confirmation else {}),
        **({"allowed_networks": networks} if networks else {}),
    }


def audience_of(environment: ServedEnvironment, claims: Claims) -> tuple[str, ...]:
    """Return a token's audience; an empty one means the environment's own Partner API."""
    return claims.audience or (environment.partner_api,)
