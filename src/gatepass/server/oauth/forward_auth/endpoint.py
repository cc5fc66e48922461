"""Forward authentication: a gateway asks about each request before it lets it through.

The gateway sends the request's headers here; what the route needs stands in its own address
for us (`scope`, `audience`, `organization`), never in what the caller sent. 200 lets the
request pass, with who calls in headers of the answer; nothing else does.
"""

import json

from gatepass.jose import token_use
from gatepass.server.domain.applications.model import Application
from gatepass.server.environment.environment import Environment
from gatepass.server.http import Request, Response
from gatepass.server.oauth.client_authentication import check_memory
from gatepass.server.oauth.forward_auth import requirements
from gatepass.server.oauth.forward_auth.requirements import Requirements
from gatepass.server.oauth.forward_auth.responses import PLAIN, Denial
from gatepass.server.oauth.introspection import owner_of, stands_behind, unexpired
from gatepass.server.tokens.claims import Claims
from gatepass.wire import bearer
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import allows
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

ASSERTION_LIVES = 60  # seconds


def verify(environment: Environment, arrived: Request) -> Response:
    """Answer a gateway that says in the query what the route needs: 200 with who calls.

    Checks that the token is active, its audience, scope and organization as the route needs
    them, and the networks of its application. Raises Denial for all that is kept out, and
    SetUpWrongly. Does NOT look at the method or address of the request that the gateway holds.
    """
    return _verified(environment, arrived, requirements.read(arrived.query))


def verify_under(environment: Environment, arrived: Request) -> Response:
    """Answer a gateway that says in a segment of the path, here the query, what the route needs.

    The caller's query is none of this. Checks and raises what `verify` does.
    """
    return _verified(environment, arrived, requirements.read_segment(arrived.query))


def _verified(environment: Environment, arrived: Request, need: Requirements) -> Response:
    try:
        check_memory(environment)
        token = _token(arrived)
        refused = None
        if token is not None:
            return _admitted(environment, arrived, token, need)
    except OAuthError as caught:
        refused = caught
    raise Denial(refused, need.scope, environment.issuer)


def _admitted(
    environment: Environment, arrived: Request, token: Secret, need: Requirements
) -> Response:
    claims = unexpired(environment, token)
    owner = owner_of(environment.applications, claims) if claims else None
    if claims is None or owner is None or not stands_behind(owner, claims):
        raise bearer.invalid_token("the token is not active")
    if not allows(owner.networks, arrived.source):
        raise bearer.invalid_token("the source is in none of the application's networks")
    return _pass(environment, arrived, claims, owner, need)


def _pass(
    environment: Environment,
    arrived: Request,
    claims: Claims,
    owner: Application,
    need: Requirements,
) -> Response:
    key, now = (claims.token_id, arrived.query), environment.clock()
    passes = environment.passes
    answer = passes.recall(key, claims, owner, now)
    if answer is None:
        audience = claims.audience or (environment.partner_api,)
        _check(need, claims, audience, owner)
        named = (need.audience,) if need.audience else audience
        assertion = _assertion(environment, claims, owner, named, int(now))
        answer = passes.keep(key, claims, owner, now, _answer(claims, owner, assertion))
    return answer


def _check(
    need: Requirements, claims: Claims, audience: tuple[str, ...], owner: Application
) -> None:
    if need.audience and need.audience not in audience:
        raise bearer.invalid_token("the token is for another audience")
    if need.org_id and need.org_id != owner.org_id:
        raise OAuthError(
            "insufficient_scope",
            "The access token is another organization's.",
            log_detail="another organization's token",
        )
    missing = need.scope.without(Scope.parse(claims.scope))
    if missing.names:
        raise OAuthError(
            "insufficient_scope",
            f"This needs the scope {need.scope}; the access token lacks {missing}.",
            log_detail=f"the token lacks {missing}",
        )


def _answer(claims: Claims, owner: Application, assertion: str) -> Response:
    """Give the answer with every identity header: one that is left out could be forged."""
    headers = (
        (b"x-auth-client-id", owner.client_id.encode()),
        (b"x-auth-org-id", str(owner.org_id).encode()),
        (b"x-auth-scope", claims.scope.encode()),
        (b"x-auth-expires", b"%d" % claims.expires_at),
        (b"x-auth-assertion", assertion.encode()),
    )
    return Response(200, (*PLAIN, *headers), b"")


def _assertion(
    environment: Environment,
    claims: Claims,
    owner: Application,
    audience: tuple[str, ...],
    now: int,
) -> str:
    """Give who calls as a signed JWT, for a backend that trusts no plain header.

    Its `typ` is JWT, so it is not an access token (RFC 9068 §2.1); `token_use` says it to those
    who take access tokens of that type from other issuers.
    """
    said = {
        "iss": environment.issuer,
        "sub": owner.client_id,
        "client_id": owner.client_id,
        "org_id": str(owner.org_id),
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "scope": claims.scope,
        "iat": now,
        "exp": min(now + ASSERTION_LIVES, claims.expires_at),
        "jti": claims.jti,
        token_use.CLAIM: token_use.ASSERTION,
    }
    payload = json.dumps(said, separators=(",", ":")).encode()
    return environment.keys.sign[environment.algorithm].sign(payload, typ="JWT")


def _token(arrived: Request) -> Secret | None:
    header = arrived.headers.get(b"authorization")
    return bearer.read([header.decode("latin-1")] if header else [])
