"""Who may call: the guard, asking this process instead of the network, and whose data it is.

An application has the rights of an administrator of its organization, narrowed by the scope
of its token. Whose organization it is comes from the token and from nowhere else.
"""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from gatepass.guard.fastapi import Expectation, Guard, Principal
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit import denials
from gatepass.server.domain.audit.denials import Denial
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.catalogue.model import PORTAL_USERS
from gatepass.server.environment.environment import Environment
from gatepass.server.oauth import introspection
from gatepass.server.storage.database import NotFoundError
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.verified_cache import DerivedCache
from gatepass.wire import metadata
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret

# Of both environments: no claims object is ever known to more than one.
_PRINCIPALS: DerivedCache[Principal] = DerivedCache()
_CLIENT_ID = "gatepass.client_id"  # in the scope: whose token the request has, let in or not


@dataclass(frozen=True, slots=True)
class Caller:
    """An application that calls about its own organization."""

    environment: Environment
    org_id: UUID
    actor: Actor
    may_change_portal_users: bool = False


def environment_of(connection: HTTPConnection) -> Environment:
    """Give the environment that the Host header chose."""
    environment = connection.scope["gatepass.environment"]
    assert isinstance(environment, Environment)  # noqa: S101 - the server's own promise
    return environment


def identifier(text: str) -> UUID:
    """Read a UUID in its one written form; what is not one names nothing (NotFoundError)."""
    try:
        found = UUID(text)
    except ValueError:
        raise NotFoundError(text) from None
    if str(found) != text.lower():
        raise NotFoundError(text)
    return found


def recall(environment: Environment, token: Secret) -> Principal | None:
    """Tell at once who calls the Partner API, where memory tells and nothing is special."""
    known = introspection.in_force(environment, token)
    if known is None:
        return None
    claims, owner = known
    is_for_us = not claims.audience or environment.partner_api in claims.audience
    if owner.networks or not is_for_us:
        return None
    found = _PRINCIPALS.recall(claims, owner)
    return found or _PRINCIPALS.keep(claims, owner, _principal(environment, claims, owner))


def _principal(environment: Environment, claims: Claims, owner: Application) -> Principal:
    return Principal(
        client_id=owner.client_id,
        sub=owner.client_id,
        org_id=str(owner.org_id),
        scope=Scope.parse(claims.scope),
        expires_at=claims.expires_at,
        issued_at=claims.issued_at,
        token_id=claims.jti,
        audience=claims.audience or (environment.partner_api,),
        issuer=environment.issuer,
        environment=environment.name,
    )


def _recall(token: Secret, connection: HTTPConnection) -> Principal | None:
    found = recall(environment_of(connection), token)
    if found:
        connection.scope[_CLIENT_ID] = found.client_id
    return found


def _inspect(token: Secret, connection: HTTPConnection) -> dict[str, object] | None:
    environment = environment_of(connection)
    found = introspection.inspect(environment, token)
    if found:
        connection.scope[_CLIENT_ID] = found["client_id"]
    return {"active": True, "environment": environment.name, **found} if found else None


def _expect(connection: HTTPConnection) -> Expectation:
    environment = environment_of(connection)
    resource = environment.partner_api
    return Expectation(environment.issuer, resource, metadata.protected_resource_url(resource))


guard = Guard(inspect=_inspect, get_cached=_recall, expect=_expect)

Id = Annotated[str, Path(json_schema_extra={"format": "uuid"})]


async def _reader(
    request: Request,
    response: Response,
    org_id: Id,
    principal: Annotated[Principal, guard.requires("read")],
) -> Caller:
    response.headers["Cache-Control"] = "no-store"  # people's data
    return _caller(request, org_id, principal)


async def _writer(
    request: Request,
    response: Response,
    org_id: Id,
    principal: Annotated[Principal, guard.requires("write")],
) -> Caller:
    response.headers["Cache-Control"] = "no-store"  # people's data
    return _caller(request, org_id, principal)


def _caller(request: Request, org_id: str, principal: Principal) -> Caller:
    """Raise NotFoundError for every organization but the token's own, existing or not."""
    asked = identifier(org_id)
    if str(asked) != principal.org_id:
        raise NotFoundError(org_id)
    environment = environment_of(request)
    application = environment.applications.get(principal.client_id)
    name = application.name if application else principal.client_id
    source = request.client.host if request.client else ""
    actor = Actor(name, source, asked, kind="application")
    return Caller(environment, asked, actor, PORTAL_USERS in principal.scope)


def note_denial(request: Request, status: int, reason: str) -> None:
    """Log and audit that the application was denied what it asked for; blocks.

    Without an application that is known by its token there is nothing to note.
    """
    client_id = request.scope.get(_CLIENT_ID)
    environment = environment_of(request)
    application = environment.applications.get(client_id) if client_id else None
    if application is None:
        return
    source = request.client.host if request.client else ""
    actor = Actor(application.name, source, application.org_id, kind="application")
    denied = Denial(request.method, request.scope["path"], status, reason)
    denials.record(environment.context, actor, denied, client_id=application.client_id)


Reader = Annotated[Caller, Depends(_reader)]
Writer = Annotated[Caller, Depends(_writer)]
