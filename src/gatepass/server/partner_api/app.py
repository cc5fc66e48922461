"""The Partner API as an ASGI application, mounted by the server."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from gatepass.server.partner_api import docs, endpoints, errors
from gatepass.server.partner_api.errors import ProblemDocument
from gatepass.server.partner_api.request_body import JSON, MERGE_PATCH
from gatepass.server.partner_api.request_body import described as body
from gatepass.server.partner_api.schemas import NewUser, UserChange
from gatepass.wire.metadata import PARTNER_API

_ORG = "/org/{org_id}"
_USERS = "/org/{org_id}/users"
_USER = "/org/{org_id}/users/{user_id}"

_READING = (400, 401, 403, 404, 422, 503)
_WRITING = (400, 401, 403, 404, 409, 413, 415, 422, 503)
_DELETING = (400, 401, 403, 404, 409, 422, 503)

_ABOUT = """An organization and its users, for the servers of a partner.

Every call needs an access token (OAuth 2.0 client credentials) with the scope `read`, or
`write` where something changes. An organization can access only itself; another's id is not
found.

Some users log in to the portal. `write` alone changes neither their role nor their email and does
not delete them (403): that needs the scope `portal_users`, too, which an administrator grants to
an application in the portal. A new email of such a user counts once it is confirmed there.
"""


class PartnerApi(FastAPI):
    """FastAPI with the schemas of request bodies, which it does not parse itself."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, ours = models_json_schema(
                [
                    (NewUser, "validation"),
                    (UserChange, "validation"),
                    (ProblemDocument, "serialization"),
                ],
                ref_template="#/components/schemas/{model}",
            )
            document["components"]["schemas"] |= ours["$defs"]
        return super().openapi()


def create() -> PartnerApi:
    """Return the API; the server puts the environment of a request into the ASGI scope."""
    app = PartnerApi(
        title="Gatepass Partner API",
        description=_ABOUT,
        version="2.0",
        openapi_url=None,  # `docs` serves it, with caching headers
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": PARTNER_API}],
        root_path_in_servers=False,
        generate_unique_id_function=lambda route: route.name,
        exception_handlers=errors.handlers(),
    )
    app.router.routes += docs.routes(app.openapi)
    _add(app, "GET", _ORG, endpoints.get_organization, _READING)
    _add(app, "GET", _USERS, endpoints.list_users, _READING)
    _add(app, "POST", _USERS, endpoints.create_user, _WRITING, 201, body("NewUser", JSON))
    _add(app, "GET", _USER, endpoints.get_user, _READING)
    _add(app, "PUT", _USER, endpoints.replace_user, _WRITING, 200, body("NewUser", JSON))
    changed = body("UserChange", MERGE_PATCH, JSON)
    _add(app, "PATCH", _USER, endpoints.change_user, _WRITING, 200, changed)
    _add(app, "DELETE", _USER, endpoints.delete_user, _DELETING, 204)
    return app


def _add(
    app: FastAPI,
    method: str,
    path: str,
    call: Callable[..., Any],
    refusals: tuple[int, ...],
    status: int = 200,
    extra: dict[str, Any] | None = None,
) -> None:
    responses = errors.described(*refusals)
    app.add_api_route(
        path,
        call,
        methods=[method],
        status_code=status,
        responses=responses,
        openapi_extra=extra,
        tags=["Organization" if path == _ORG else "Users"],
    )
    if method == "GET":  # RFC 9110 §9.1: every GET also supports HEAD
        app.add_api_route(path, call, methods=["HEAD"], include_in_schema=False)
