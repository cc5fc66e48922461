"""What the pages of API applications show, and the application that they are about."""

from collections.abc import Mapping

from starlette.responses import Response

from gatepass.server.admin.console.rendering import rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import administrative
from gatepass.server.admin.operations.effects import RECENTLY
from gatepass.server.domain.applications.fields import table
from gatepass.server.domain.applications.fields.values import texts_of
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.applications.secrets import operations as secrets
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.domain.usage import store as usage
from gatepass.server.portal.forms.errors import errors_of
from gatepass.server.portal.pages.application_keys.methods import KINDS
from gatepass.server.portal.redirects import APPLICATIONS
from gatepass.server.storage.database import Connection
from gatepass.translation.message import Message
from gatepass.wire.credential import ENVIRONMENTS, Mode
from gatepass.wire.errors import OAuthError
from gatepass.wire.scope import Scope

PATH = "api-applications/"
OVERLAPS = {
    "86400": Message("24 hours"),
    "3600": Message("1 hour"),
    "0": Message("None: the old secret ends at once"),
}
DONE_ALREADY = 409
_WORDS = {Mode.LIVE: Message("Production"), Mode.TEST: Message("Sandbox")}
NETWORKS = next(each for group in table.GROUPS for each in group.fields if each.name == "networks")


def find(request: ConsoleRequest) -> Application:
    """Return the application; raise NotFoundError for one that calls no Admin API."""
    return administrative.find(request.context, request.id("app_id"))


def path_of(request: ConsoleRequest) -> str:
    """Return the path of its page, below that of the environment."""
    return f"{PATH}{request.id('app_id')}/"


def about(found: Application) -> str:
    """Return under which name its new secret is kept for the page that shows it."""
    return f"secret of {found.id}"


def keep(request: ConsoleRequest, connection: Connection, made: Registered) -> None:
    """Keep a new secret for the page that shows it once, in the transaction that makes it."""
    kept = {"secret": made.secret.value}
    request.portal.keep_once(connection, about(made.application), kept)


def chosen(request: ConsoleRequest) -> Scope:
    """Return the scopes that a form has ticked."""
    every = request.environment.catalogue.administrative.names
    return Scope(tuple(name for name in every if f"scope_{name}" in request.form))


def reached(found: Application) -> list[Message]:
    """Return the environments that it reaches, in words."""
    modes = administrative.modes_of(found.scope)
    return [_WORDS[mode] for mode in Mode if mode in modes]


def boxes(offered: Scope, chosen: Scope) -> list[dict[str, object]]:
    """Return the scopes to tick: for each environment its areas, to read and to change."""
    return [
        {
            "name": ENVIRONMENTS[mode],
            "words": _WORDS[mode],
            "areas": [
                (words, [(access, name, name in chosen) for access, name in _of_area(mode, area)])
                for area, words in admin_scopes.AREAS.items()
            ],
        }
        for mode in Mode
        if any(administrative.modes_of(Scope((name,))) == {mode} for name in offered.names)
    ]


def _of_area(mode: Mode, area: str) -> list[tuple[str, str]]:
    return [
        (access, admin_scopes.name(ENVIRONMENTS[mode], area, access))
        for access in admin_scopes.ACCESS
    ]


def rerender(request: ConsoleRequest, refusal: OAuthError, field: str = "") -> Response:
    """Show the application again, with what was typed and the error at `field`."""
    values, errors = request.portal.typed(), errors_of(refusal, field)
    shown = {**context(request), "values": values, "errors": errors}
    return rejected_form(request, "api_application.html", refusal, **shown)


def context(request: ConsoleRequest) -> Mapping[str, object]:
    """Return what the page of an application shows."""
    found, catalogue = find(request), request.environment.catalogue
    offered = administrative.grantable(catalogue, request.operator)
    now = request.environment.now()
    with request.context.database.read() as connection:
        issued = usage.issued_since(connection, [found.id], now - RECENTLY)[found.id]
    typed = request.portal.path.endswith("/scope/")
    return {
        "application": found,
        "reached": reached(found),
        "owns": administrative.owns(request.operator, found.scope),
        "here": request.base + path_of(request),
        "environments": boxes(offered, chosen(request) if typed else found.scope),
        "stored": texts_of(found),
        "networks_field": NETWORKS,
        "overlaps": list(OVERLAPS.items()),
        "methods": methods.find(request.context, found).in_order,
        "kinds": KINDS,
        "methods_url": f"{APPLICATIONS}{found.id}/",
        "allows_secret": bool(found.live_secrets(now))
        or secrets.allows_first_secret(request.context, found.org_id),
        "issued": Message.plural(
            "{count} access token that it was issued in the last hour is revoked, as all others "
            "are.",
            "{count} access tokens that it was issued in the last hour are revoked, as all others "
            "are.",
            issued,
        ),
    }
