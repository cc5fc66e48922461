"""Authentication and authorization of Partner API calls, by the guard in this process.

An application has the rights of an administrator of its organization, narrowed by the scope
of its token. The organization is that of the token, and no other.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatepass.guard.fastapi import Expectation, Guard, Principal
from gatepass.server.domain.audit import denials
from gatepass.server.domain.audit.denials import Denial
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import PORTAL_USERS
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.oauth import access_token
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.partner_api import bound_tokens
from gatepass.server.storage.errors import NotFoundError
from gatepass.server.tokens.verified_cache import AccessToken, DerivedCache
from gatepass.wire import metadata
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

# For both environments: a claims object belongs to one of them only.
_PRINCIPALS: DerivedCache[Principal] = DerivedCache()
_CLIENT_ID = "gatepass.client_id"  # in the ASGI scope, also if the call is refused


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that calls the API for its organization."""

    environment: ServedEnvironment
    org_id: UUID
    actor: Actor
    may_change_portal_users: bool = False


def environment_of(connection: HTTPConnection) -> ServedEnvironment:
    """Return the environment that the Host header selects."""
    environment = connection.scope["gatepass.environment"]
    assert isinstance(environment, ServedEnvironment)  # noqa: S101 - the server's own promise
    return environment


def identifier(text: str) -> UUID:
    """Return the UUID of a text in canonical form; raise NotFoundError for any other text."""
    try:
        found = UUID(text)
    except ValueError:
        raise NotFoundError(text) from None
    if str(found) != text.lower():
        raise NotFoundError(text)
    return found


def recall(environment: ServedEnvironment, token: Secret) -> Principal | None:
    """Return the cached principal of a plain call, None where `_inspect` must decide.

    That is where the application is not in memory, or has networks, or the token is refused.
    """
    found = access_token.find_in_memory(environment, token)
    if found is None:
        return None
    claims, application = found
    audience = access_token.audience_of(environment, claims)
    if application.networks or environment.partner_api not in audience:
        return None
    known = _PRINCIPALS.get(claims.token_id, found)
    return known or _PRINCIPALS.put(
        claims.token_id, found, _principal(environment, found, audience)
    )


def _principal(
    environment: ServedEnvironment, token: AccessToken, audience: tuple[str, ...]
) -> Principal:
    claims, application = token
    return Principal(
        client_id=application.client_id,
        sub=application.client_id,
        org_id=str(application.org_id),
        scope=Scope.parse(claims.scope),
        expires_at=claims.expires_at,
        issued_at=claims.issued_at,
        token_id=claims.jti,
        audience=audience,
        issuer=environment.issuer,
        environment=environment.name,
        confirmation=claims.confirmation,
    )


def _recall(token: Secret, connection: HTTPConnection) -> Principal | None:
    found = recall(environment_of(connection), token)
    if found:
        connection.scope[_CLIENT_ID] = found.client_id
    return found


def _inspect(token: Secret, connection: HTTPConnection) -> dict[str, object] | None:
    environment = environment_of(connection)
    found = access_token.inspect(environment, token)
    if found:
        connection.scope[_CLIENT_ID] = found["client_id"]
    return {"active": True, "environment": environment.name, **found} if found else None


def _expect(connection: HTTPConnection) -> Expectation:
    environment = environment_of(connection)
    resource = environment.partner_api
    return Expectation(environment.issuer, resource, metadata.protected_resource_url(resource))


guard = Guard(
    inspect=_inspect,
    get_cached=_recall,
    expect=_expect,
    dpop=bound_tokens.dpop(),
    client_certificates=bound_tokens.CLIENT_CERTIFICATES,
)

Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


def _caller_with(scope: str) -> Callable[..., Coroutine[Any, Any, Caller]]:
    """Return the dependency of a call that needs `scope`, a scope-token."""

    async def caller(
        request: Request,
        response: Response,
        org_id: Id,
        principal: Annotated[Principal, guard.requires(scope)],
    ) -> Caller:
        """Raise NotFoundError for every organization but that of the token."""
        response.headers["Cache-Control"] = "no-store"  # personal data
        requested = identifier(org_id)
        if str(requested) != principal.org_id:
            raise NotFoundError(org_id)
        environment = environment_of(request)
        operating = await run_in_threadpool(organizations.find_operating, environment.context)
        if requested == operating:  # its users are operators
            raise NotFoundError(org_id)
        application = environment.applications.get(principal.client_id)
        if application is None:  # evicted meanwhile
            application = await run_in_threadpool(
                environment.applications.load, principal.client_id
            )
        name = application.name if application else principal.client_id
        source = request.client.host if request.client else ""
        actor = Actor(name, source, requested, kind="application")
        return Caller(environment, requested, actor, PORTAL_USERS in principal.scope)

    return caller


def note_denial(request: Request, status: int, reason: str) -> None:
    """Log and audit that the application's call was refused; blocks.

    Does nothing if the call has no valid token.
    """
    client_id = request.scope.get(_CLIENT_ID)
    environment = environment_of(request)
    if client_id is None:
        return
    applications = environment.applications
    application = applications.get(client_id) or applications.load(client_id)
    if application is None:  # deleted meanwhile
        return
    source = request.client.host if request.client else ""
    actor = Actor(application.name, source, application.org_id, kind="application")
    denied = Denial(request.method, request.scope["path"], status, reason)
    denials.record(environment.context, actor, denied, client_id=application.client_id)


Reader = Annotated[Caller, Depends(_caller_with("read"))]
Writer = Annotated[Caller, Depends(_caller_with("write"))]
