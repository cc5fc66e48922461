"""Authentication and authorization of Admin API calls, by the guard in this process.

The tokens are of production, for the Admin API alone, and of an application of the operator.
"""

from starlette.requests import HTTPConnection, Request

from gatepass.guard.model.expectation import Expectation
from gatepass.guard.starlette import Guard, Principal
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.audit import denials
from gatepass.server.domain.audit.denials import Denial
from gatepass.server.domain.audit.model import Actor
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.oauth import access_token
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.partner_api import bound_tokens
from gatepass.wire import metadata
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret

_CLIENT_ID = "gatepass.admin_api.client_id"


def production_of(connection: HTTPConnection) -> ServedEnvironment:
    """Return the environment that the Host header selects: the one that has the Admin API."""
    environment = connection.scope["gatepass.environment"]
    assert isinstance(environment, ServedEnvironment)  # noqa: S101 - the server's own promise
    return environment


def _inspect(token: Secret, connection: HTTPConnection) -> dict[str, object] | None:
    environment = production_of(connection)
    found = access_token.inspect(environment, token)
    if found:
        connection.scope[_CLIENT_ID] = found["client_id"]
    return {"active": True, "environment": environment.name, **found} if found else None


def _expect(connection: HTTPConnection) -> Expectation:
    environment = production_of(connection)
    resource = environment.admin_api
    return Expectation(environment.issuer, resource, metadata.protected_resource_url(resource))


guard = Guard(
    inspect=_inspect,
    expect=_expect,
    dpop=bound_tokens.dpop(),
    client_certificates=bound_tokens.CLIENT_CERTIFICATES,
)


def check_caller(request: Request) -> None:
    """Raise OAuthError (403) for an application that is not of the operating organization; blocks.

    Such a one has no scope of the Admin API, unless its organization was the operating one.
    """
    production = production_of(request)
    application = _application(request)
    operating = organizations.find_operating(production.context)
    if application is None or application.org_id != operating:
        raise OAuthError(
            "insufficient_scope",
            "Only applications of the operating organization may call the Admin API.",
            status=403,
        )


def _application(request: Request) -> CachedApplication | None:
    principal: Principal = request.state.principal
    applications = production_of(request).applications
    return applications.get(principal.client_id) or applications.load(principal.client_id)


def actor_of(request: Request) -> Actor:
    """Return the application that calls, as an operator; blocks where it is not in memory."""
    principal: Principal = request.state.principal
    application = _application(request)
    name = application.name if application else ""
    source = request.client.host if request.client else ""
    who = f"{name} ({principal.client_id})"
    return Actor("operator", source, kind="operator", operator=who)


def note_denial(request: Request, status: int, reason: str) -> None:
    """Log and audit that an application's call was refused; blocks. Does nothing without one."""
    client_id = request.scope.get(_CLIENT_ID)
    if client_id is None:
        return
    production = production_of(request)
    application = production.applications.get(client_id) or production.applications.load(client_id)
    if application is None:  # deleted meanwhile
        return
    source = request.client.host if request.client else ""
    actor = Actor(application.name, source, application.org_id, kind="application")
    denied = Denial(request.method, request.scope["path"], status, reason)
    denials.record(production.context, actor, denied, client_id=client_id)
