"""The introspection endpoint (RFC 7662), and what it knows of a token."""

from gatepass.server.applications.directory import Directory
from gatepass.server.applications.model import Application
from gatepass.server.arrival import Answer, Arrived, Later
from gatepass.server.catalogue.model import INTROSPECTION
from gatepass.server.environment import Environment
from gatepass.server.token import respond
from gatepass.server.token.claims import Claims
from gatepass.server.token.client import check_memory, note_use, proven_by_header
from gatepass.server.token.parse import parameters
from gatepass.server.token.sealed import unseal
from gatepass.server.token.signed import unsign
from gatepass.wire.problem import Refused
from gatepass.wire.secret import Secret

_AHEAD_MS = 60_000  # a token of a process whose clock is this much ahead is still good
_INACTIVE = respond.document({"active": False})


def introspect(environment: Environment, arrived: Arrived) -> Answer:
    """Tell an authenticated caller what a token is; `{"active": false}` for all that is not.

    A caller sees the tokens of its own organization; with the scope `introspection`, which
    only the operator grants, those of the environment.
    """
    params = parameters(arrived)
    client = proven_by_header(environment, arrived, params)
    token = params.get("token")
    claims = unexpired(environment, Secret(token)) if token else None
    owner = owner_of(environment.directory, claims) if claims else None
    note_use(environment, arrived, client, environment.clock())  # once nothing can be Later
    if token is None:
        raise Refused("invalid_request", "The parameter token is missing.")
    if claims and owner and _may_see(client.application, owner):
        return environment.told.recall(claims, owner) or _tell(environment, claims, owner)
    return _INACTIVE


def _tell(environment: Environment, claims: Claims, owner: Application) -> Answer:
    """Answer about a token of `owner`, and remember what was said of an active one."""
    if not stands_behind(owner, claims):
        return _INACTIVE
    answer = respond.document({"active": True, **describe(environment, claims, owner)})
    return environment.told.keep(claims, owner, answer)


def owner_of(directory: Directory, claims: Claims) -> Application | None:
    """Give the application of a token, None where it is deleted; raise Later to look it up."""
    owner = directory.known(claims.application)
    if owner is None and not directory.is_absent(claims.application):
        raise Later(lambda: directory.load(claims.application))
    return owner


def inspect(environment: Environment, token: Secret) -> dict[str, object] | None:
    """Give what introspection says of an active token, to a guard in this process; may block.

    Raises Refused (503) where the database has been away beyond the grace time.
    """
    check_memory(environment)
    claims = unexpired(environment, token)
    if claims is None:
        return None
    directory = environment.directory
    owner = directory.known(claims.application) or directory.load(claims.application)
    if owner is None or not stands_behind(owner, claims):
        return None
    return describe(environment, claims, owner)


def in_force(environment: Environment, token: Secret) -> tuple[Claims, Application] | None:
    """Give the claims and the application of an active token, as far as memory tells.

    None where it has to be looked up, or refused: `inspect` tells.
    """
    claims = None if environment.is_stale() else unexpired(environment, token)
    owner = environment.directory.known(claims.application) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        return None
    return claims, owner


def unexpired(environment: Environment, token: Secret) -> Claims | None:
    """Give the claims of a token of this environment that is neither expired nor revoked.

    Does NOT check whether its application still stands behind it.
    """
    claims = read(environment, token)
    if claims is None or claims.token_id in environment.revoked:
        return None
    now = environment.clock()
    is_early = claims.issued_ms > now * 1000 + _AHEAD_MS
    return None if is_early or now >= claims.expires_at else claims


def read(environment: Environment, token: Secret) -> Claims | None:
    """Give the claims of any token that this environment made, in whichever form.

    Does NOT check expiry or revocation.
    """
    known, keys, digest = environment.known_tokens, environment.keys, token.digest()
    claims = known.said(digest, keys)
    if claims is None:
        if "." in token.value:
            claims = unsign(token.value, keys.signing, environment.issuer)
        else:
            claims = unseal(token.value, keys.sealing)
        if claims is not None:
            known.keep(digest, keys, claims)
    return claims


def stands_behind(owner: Application, claims: Claims) -> bool:
    """Tell whether an application may still use a token: enabled, not suspended, not voided."""
    if owner.disabled_at or owner.org_suspended_at:
        return False
    return claims.issued_ms > owner.void_until_ms


def describe(
    environment: Environment, claims: Claims, application: Application
) -> dict[str, object]:
    """Give the members of an introspection answer (RFC 7662 §2.2).

    Extensions of ours: `org_id`, and `allowed_networks` where a request with the token may come
    from these alone.
    """
    audience = claims.audience or (environment.partner_api,)
    return {
        "client_id": application.client_id,
        "scope": claims.scope,
        "exp": claims.expires_at,
        "iat": claims.issued_at,
        "iss": environment.issuer,
        "sub": application.client_id,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "jti": claims.jti,
        "token_type": "Bearer",
        "org_id": str(application.org_id),
        **_networks(application),
    }


def _networks(application: Application) -> dict[str, object]:
    if not application.networks:
        return {}
    return {"allowed_networks": [str(network) for network in application.networks]}


def _may_see(caller: Application, found: Application) -> bool:
    return caller.org_id == found.org_id or INTROSPECTION in caller.scope
