"""API applications listed and registered, and the one sight of a secret."""

from collections.abc import Mapping
from functools import partial

from starlette.responses import Response

from gatepass.server.admin.console.pages.api_applications.shown import (
    DONE_ALREADY,
    PATH,
    about,
    boxes,
    chosen,
    context,
    find,
    keep,
    path_of,
    reached,
)
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.applications import administrative
from gatepass.server.domain.applications.model import check_name, check_scope
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.portal.forms import secret_end
from gatepass.server.portal.forms.errors import Errors, errors_of
from gatepass.server.portal.pages.application_keys import registration as first_method
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError
from gatepass.wire.metadata import TOKEN

_SEE_FIELDS = OAuthError("invalid_request", Message("See the fields."))


def index(request: ConsoleRequest) -> Response:
    """Show the applications, the newest first."""
    found = administrative.list_all(request.context)
    return page(
        request,
        "api_applications.html",
        applications=[(each, reached(each)) for each in found],
        api_url=request.environment.admin_api,
    )


def form(request: ConsoleRequest) -> Response:
    """Show the empty form."""
    return page(request, "api_application_new.html", **_new(request), values={}, errors={})


def register(request: ConsoleRequest) -> Response:
    """Register one; the next page shows its secret, once."""
    errors, typed = Errors(), request.form
    name = errors.check("name", lambda: check_name(typed.get("name", "")))
    networks = errors.check("networks", lambda: check_networks(typed.get("networks", "")))
    offered = administrative.grantable(request.environment.catalogue, request.operator)
    scope = errors.check("scope", lambda: check_scope(chosen(request), offered))
    method = first_method.check(request.portal, errors)
    if errors or name is None or networks is None or scope is None or method is None:
        return _refused(request, _SEE_FIELDS, errors)
    is_secret = method == first_method.SECRET
    app_id = request.portal.creation_id()
    try:
        administrative.register(
            request.context,
            request.environment.catalogue,
            request.actor,
            request.operator,
            name=name,
            scope=scope,
            networks=networks,
            secret_end=secret_end.chosen(request.portal) if is_secret else None,
            app_id=app_id,
            also=partial(keep, request),
            give=None if is_secret else first_method.chosen(request.portal, method),
        )
    except OAuthError as refusal:
        if refusal.status != DONE_ALREADY:
            return _refused(request, refusal, Errors(errors_of(refusal)))
    shown_once = {first_method.SECRET: "credentials/", first_method.PAIR: "credentials/"}
    return redirect(request, f"{PATH}{app_id}/{shown_once.get(method, '')}")


def one(request: ConsoleRequest) -> Response:
    """Show an application."""
    return page(request, "api_application.html", **context(request), values={}, errors={})


def credentials(request: ConsoleRequest) -> Response:
    """Show a new secret or private key once; afterwards redirect to the application."""
    found = find(request)
    if request.portal.method == "HEAD":  # a HEAD request must not use up the secret
        return Response(media_type="text/html")
    kept = request.portal.take_once(about(found))
    if kept is None:
        kept = request.portal.take_once(first_method.about(found.id))
    if kept is None:
        shown_already = Message("What it authenticates with was shown already, once.")
        return redirect(request, path_of(request), shown_already)
    token_url, api_url = request.environment.issuer + TOKEN, request.environment.admin_api
    return page(
        request,
        "api_credentials.html",
        application=found,
        client_secret=kept.get("secret", ""),
        pem=kept.get("pem", ""),
        token_url=token_url,
        api_url=api_url,
        env="\n".join(
            [
                f"GATEPASS_TOKEN_URL={token_url}",
                f"GATEPASS_CLIENT_ID={found.client_id}",
                *_lines(kept),
                f"GATEPASS_RESOURCE={api_url}",
            ]
        ),
        back_url=request.base + path_of(request),
    )


def _lines(kept: Mapping[str, str]) -> list[str]:
    """Return the settings of the client that say what it authenticates with."""
    if "secret" in kept:
        return [f"GATEPASS_CLIENT_SECRET={kept['secret']}"]
    return [
        "GATEPASS_AUTH_METHOD=private_key_jwt",
        "GATEPASS_PRIVATE_KEY_FILE=private.pem",
        f"GATEPASS_PRIVATE_KEY_ID={kept['kid']}",
        f"GATEPASS_PRIVATE_KEY_ALG={kept['alg']}",
    ]


def _refused(request: ConsoleRequest, refusal: OAuthError, errors: Errors) -> Response:
    values = first_method.without_private(request.portal.typed(), errors)
    context = {**_new(request), "values": values, "errors": errors}
    return rejected_form(request, "api_application_new.html", refusal, **context)


def _new(request: ConsoleRequest) -> Mapping[str, object]:
    offered = administrative.grantable(request.environment.catalogue, request.operator)
    return {"environments": boxes(offered, chosen(request)), **first_method.choices(request.portal)}
