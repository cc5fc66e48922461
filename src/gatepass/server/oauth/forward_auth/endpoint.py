"""Forward authentication: a gateway asks about each request before it passes it on.

The gateway sends the request's headers here. What the route requires (`scope`, `audience`,
`organization`) is part of the URL in the gateway's configuration, never of what the caller sent.
200 lets the request pass, with the caller's identity in headers; nothing else does.
"""

import json

from gatepass.jose import token_use
from gatepass.server.http import NeedsThread, Request, Response, Result
from gatepass.server.oauth import access_token
from gatepass.server.oauth.authentication.binding import check_sender, has_dpop, with_nonce
from gatepass.server.oauth.authentication.proofs import Target
from gatepass.server.oauth.bearer_authentication import read_bearer
from gatepass.server.oauth.client_authentication import check_not_stale
from gatepass.server.oauth.forward_auth import callers_request, requirements
from gatepass.server.oauth.forward_auth.requirements import GatewayMisconfigured, Requirements
from gatepass.server.oauth.forward_auth.responses import PLAIN, Denial
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.tokens.verified_cache import AccessToken
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

ASSERTION_LIVES = 60  # seconds
RENEWED_AFTER = 30  # seconds, so that a backend has at least as long to read the assertion


def verify(environment: ServedEnvironment, request: Request) -> Result:
    """Respond to a gateway that names in the query what the route requires.

    Checks that the token is active, its audience, scope and organization as required, and the
    networks of its application. Raises Denial for every other request, GatewayMisconfigured for
    requirements that cannot be read. Does NOT check the method or path of the caller's request.
    """
    return _authorize(environment, request, requirements.read(request.query))


def verify_below(environment: ServedEnvironment, request: Request) -> Result:
    """Respond as `verify` to a gateway that names the requirements in a segment of the path.

    The segment takes the place of the query; the caller's own query is not read.
    """
    return _authorize(environment, request, requirements.read_segment(request.query))


def _authorize(environment: ServedEnvironment, request: Request, required: Requirements) -> Result:
    error = None
    try:
        check_not_stale(environment)
        token = read_bearer(request)
        if token is not None:
            found = access_token.check(environment, token, request.source, required.audience)
            if isinstance(found, NeedsThread):
                return found
            response = _pass(environment, request, required, found)
            _check_sender(environment, request, required, found, token.value)
            return with_nonce(environment, request, response)
    except GatewayMisconfigured:
        raise
    except OAuthError as caught:
        error = caught
    raise Denial(error, request, required.scope, environment.issuer)


def _pass(
    environment: ServedEnvironment, request: Request, required: Requirements, token: AccessToken
) -> Response:
    """Return the response that lets the request pass, from the cache while its assertion is new.

    Signing the assertion costs more than all the rest.
    """
    key, now = (token[0].token_id, request.query), environment.clock()
    cached = environment.assertions.get(key, token)
    if cached is not None and now < cached[0]:
        return cached[1]
    _check(required, token)
    assertion = _assertion(environment, required, token, int(now))
    response = _response(token, assertion)
    environment.assertions.put(key, token, (now + RENEWED_AFTER, response))
    return response


def _check(required: Requirements, token: AccessToken) -> None:
    """Raise OAuthError where organization or scope are not the required ones."""
    claims, application = token
    if required.org_id and required.org_id != application.org_id:
        raise OAuthError(
            "insufficient_scope",
            "The access token is another organization's.",
            log_detail="another organization's token",
        )
    missing = required.scope.without(Scope.parse(claims.scope))
    if missing.names:
        raise OAuthError(
            "insufficient_scope",
            f"This needs the scope {required.scope}; the access token lacks {missing}.",
            log_detail=f"the token lacks {missing}",
        )


def _check_sender(
    environment: ServedEnvironment,
    request: Request,
    required: Requirements,
    token: AccessToken,
    text: str,
) -> None:
    """Raise OAuthError unless the caller proves what the token is bound to, for its own request."""
    claims = token[0]
    if claims.confirmation is None and not has_dpop(request):
        return
    target = Target("", ())
    if has_dpop(request) and claims.confirmation is not None and claims.confirmation.jkt:
        target = callers_request.read(request, required.dpop)
    check_sender(environment, request, claims, target._replace(token=text))


def _response(token: AccessToken, assertion: str) -> Response:
    """Return the response with every identity header: one that is left out could be forged."""
    claims, application = token
    headers = (
        (b"x-auth-client-id", application.client_id.encode()),
        (b"x-auth-org-id", str(application.org_id).encode()),
        (b"x-auth-scope", claims.scope.encode()),
        (b"x-auth-expires", b"%d" % claims.expires_at),
        (b"x-auth-assertion", assertion.encode()),
    )
    return Response(200, (*PLAIN, *headers), b"")


def _assertion(
    environment: ServedEnvironment, required: Requirements, token: AccessToken, now: int
) -> str:
    """Return the caller's identity as a signed JWT, for a backend that trusts no plain header.

    Its `typ` is JWT, so it is not an access token (RFC 9068 §2.1); the claim `token_use` tells it
    from access tokens of issuers that give those the same type.
    """
    claims, application = token
    audience = access_token.audience_of(environment, claims)
    if required.audience:
        audience = (required.audience,)
    members = {
        "iss": environment.issuer,
        "sub": application.client_id,
        "client_id": application.client_id,
        "org_id": str(application.org_id),
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "scope": claims.scope,
        "iat": now,
        "exp": min(now + ASSERTION_LIVES, claims.expires_at),
        "jti": claims.jti,
        token_use.CLAIM: token_use.ASSERTION,
    }
    payload = json.dumps(members, separators=(",", ":")).encode()
    return environment.state.keys.signing_keys[environment.algorithm].sign(payload, typ="JWT")
