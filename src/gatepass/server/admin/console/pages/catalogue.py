"""The catalogue of an environment: its resources (APIs) and scopes, added, changed, removed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from gatepass.jose.algorithms import ALGORITHMS
from gatepass.server.admin.console import confirmation
from gatepass.server.admin.console.confirmation import Question
from gatepass.server.admin.console.rendering import page, redirect, rejected_form
from gatepass.server.admin.console.request import ConsoleRequest
from gatepass.server.admin.operations.catalogue import resources, scopes
from gatepass.server.domain.catalogue import operations as stored
from gatepass.server.domain.catalogue.model import BUILT_IN, Catalogue
from gatepass.server.portal.forms.errors import errors_of
from gatepass.translation.message import Message
from gatepass.wire.errors import OAuthError

_DEFAULT = ""
_ON = {True: Message("Yes"), False: Message("No")}
_BY_ENVIRONMENT = Message("As the environment's setting")
TOKENS_WORDS = [
    (_DEFAULT, _BY_ENVIRONMENT),
    ("opaque", Message("Opaque: the API asks the server")),
    ("jwt", Message("JWT: the API verifies it itself")),
]
ALGORITHM_WORDS = [(_DEFAULT, _BY_ENVIRONMENT), *((each, each) for each in ALGORITHMS)]


def show(request: ConsoleRequest) -> Response:
    """Show the resources, each with its scopes."""
    catalogue = stored.current(request.context)
    return page(
        request,
        "catalogue.html",
        resources=[
            {
                "resource": each,
                "is_built_in": _is_of_server(catalogue, each.uri),
                "url": address(request, "resource", uri=each.uri),
                "scopes": [
                    (one, address(request, "scope", name=one.name))
                    for one in catalogue.scopes.values()
                    if one.resource == each.uri
                ],
            }
            for each in catalogue.resources.values()
        ],
        may_change=request.may(scopes.ADD),
    )


def new_resource(request: ConsoleRequest) -> Response:
    """Show the empty form for an API."""
    return page(request, "resource.html", **_of_resource(request, None), values={}, errors={})


def add_resource(request: ConsoleRequest) -> Response:
    """Add an API."""
    uri = request.form.get("uri", "").strip()
    try:
        request.perform(resources.ADD, uri=uri, **_resource_values(request))
    except OAuthError as refusal:
        return _again(request, "resource.html", _of_resource(request, None), refusal, "uri")
    return redirect(request, "catalogue/", Message("The resource is added. Add scopes to it."))


def resource(request: ConsoleRequest) -> Response:
    """Show an API, with the form that changes it."""
    uri = request.query.get("uri", "")
    return page(request, "resource.html", **_of_resource(request, uri), values={}, errors={})


def change_resource(request: ConsoleRequest) -> Response:
    """Change an API, after a page that says what stops."""
    uri = request.form.get("uri", "")
    before = resources.Resource.model_validate(request.perform(resources.SHOW, uri=uri).result)
    values = _resource_values(request)
    labels = {
        "name": Message("Name"),
        "tokens": Message("Tokens"),
        "algorithm": Message("Algorithm"),
    }
    new = {name: value for name, value in values.items() if value != getattr(before, name)}
    back = f"catalogue/resource/?{urlencode({'uri': uri})}"
    if not new:
        return redirect(request, back, Message("Nothing was changed."))
    question = Question(
        Message("Change the resource?"),
        Message("Yes, change it"),
        back,
        [
            (labels[name], getattr(before, name) or _BY_ENVIRONMENT, value or _BY_ENVIRONMENT)
            for name, value in new.items()
        ],
    )
    try:
        if not confirmation.is_confirmed(request):
            tried = request.try_out(resources.CHANGE, uri=uri, **new)
            return confirmation.ask(request, question, tried.effect)
        request.perform(resources.CHANGE, uri=uri, **new)
    except OAuthError as refusal:
        return _again(request, "resource.html", _of_resource(request, uri), refusal, "name")
    return redirect(request, back, Message("The resource is changed. It applies to new tokens."))


def remove_resource(request: ConsoleRequest) -> Response:
    """Remove an API, after a page that says what stops."""
    uri = request.form.get("uri", "")
    back = f"catalogue/resource/?{urlencode({'uri': uri})}"
    question = Question(
        Message("Remove the resource {uri}?", uri=uri),
        Message("Yes, remove the resource"),
        back,
        is_danger=True,
    )
    try:
        if not confirmation.is_confirmed(request):
            tried = request.try_out(resources.REMOVE, uri=uri)
            return confirmation.ask(request, question, tried.effect)
        request.perform(resources.REMOVE, uri=uri)
    except OAuthError as refusal:
        return _again(request, "resource.html", _of_resource(request, uri), refusal, "")
    return redirect(request, "catalogue/", Message("The resource is removed."))


def new_scope(request: ConsoleRequest) -> Response:
    """Show the empty form for a scope."""
    values = {"api": request.query.get("api", "")}
    return page(request, "scope.html", **_of_scope(request, None), values=values, errors={})


def add_scope(request: ConsoleRequest) -> Response:
    """Add a scope to a resource."""
    typed = request.form
    try:
        request.perform(
            scopes.ADD,
            name=typed.get("name", "").strip(),
            resource=typed.get("api", ""),  # not "resource": wire/params.py reads several of these
            **_scope_values(request),
        )
    except OAuthError as refusal:
        return _again(request, "scope.html", _of_scope(request, None), refusal, _field_of(refusal))
    return redirect(request, "catalogue/", Message("The scope is added."))


def scope(request: ConsoleRequest) -> Response:
    """Show a scope, with the form that changes it."""
    name = request.query.get("name", "")
    return page(request, "scope.html", **_of_scope(request, name), values={}, errors={})


def change_scope(request: ConsoleRequest) -> Response:
    """Change a scope, after a page that says what stops."""
    name = request.form.get("name", "")
    before = scopes.Scope.model_validate(request.perform(scopes.SHOW, name=name).result)
    labels = {
        "description": Message("Description"),
        "is_default": Message("Default"),
        "is_restricted": Message("Restricted"),
    }
    values = _scope_values(request)
    new = {each: value for each, value in values.items() if value != getattr(before, each)}
    back = f"catalogue/scope/?{urlencode({'name': name})}"
    if not new:
        return redirect(request, back, Message("Nothing was changed."))
    question = Question(
        Message("Change the scope {name}?", name=name),
        Message("Yes, change it"),
        back,
        [
            (labels[each], _words(getattr(before, each)), _words(value))
            for each, value in new.items()
        ],
    )
    try:
        if not confirmation.is_confirmed(request):
            tried = request.try_out(scopes.CHANGE, name=name, **new)
            return confirmation.ask(request, question, tried.effect)
        request.perform(scopes.CHANGE, name=name, **new)
    except OAuthError as refusal:
        return _again(request, "scope.html", _of_scope(request, name), refusal, _field_of(refusal))
    return redirect(request, back, Message("The scope is changed."))


def remove_scope(request: ConsoleRequest) -> Response:
    """Remove a scope, after a page that says what stops."""
    name = request.form.get("name", "")
    question = Question(
        Message("Remove the scope {name}?", name=name),
        Message("Yes, remove the scope"),
        f"catalogue/scope/?{urlencode({'name': name})}",
        is_danger=True,
    )
    try:
        if not confirmation.is_confirmed(request):
            tried = request.try_out(scopes.REMOVE, name=name)
            return confirmation.ask(request, question, tried.effect)
        request.perform(scopes.REMOVE, name=name)
    except OAuthError as refusal:
        return _again(request, "scope.html", _of_scope(request, name), refusal, "")
    return redirect(request, "catalogue/", Message("The scope is removed."))


def address(request: ConsoleRequest, kind: str, **query: str) -> str:
    """Return the address of the page of a resource or a scope."""
    return f"{request.base}catalogue/{kind}/?{urlencode(query)}"


def _again(
    request: ConsoleRequest,
    template: str,
    context: Mapping[str, object],
    refusal: OAuthError,
    field: str,
) -> Response:
    values, errors = request.portal.typed(), errors_of(refusal, field)
    return rejected_form(request, template, refusal, **context, values=values, errors=errors)


def _field_of(refusal: OAuthError) -> str:
    """Return the field of a scope's form that a refusal is about."""
    if refusal.code == "invalid_scope":
        return "name"
    return "api" if refusal.code == "invalid_target" else "description"


def _resource_values(request: ConsoleRequest) -> dict[str, Any]:
    typed = request.form
    return {
        "name": typed.get("name", "").strip(),
        "tokens": typed.get("tokens") or None,
        "algorithm": typed.get("algorithm") or None,
    }


def _scope_values(request: ConsoleRequest) -> dict[str, Any]:
    typed = request.form
    return {
        "description": typed.get("description", "").strip(),
        "is_default": "is_default" in typed,
        "is_restricted": "is_restricted" in typed,
    }


def _words(value: object) -> str:
    return _ON[value] if isinstance(value, bool) else str(value)


def _is_of_server(catalogue: Catalogue, uri: str) -> bool:
    return uri in {catalogue.partner_api, catalogue.admin_api}


def _of_resource(request: ConsoleRequest, uri: str | None) -> dict[str, Any]:
    catalogue = stored.current(request.context)
    found = None if uri is None else request.perform(resources.SHOW, uri=uri)
    return {
        "resource": found.result if found else None,
        "seen": found.etag if found else "",
        "tokens": TOKENS_WORDS,
        "algorithms": ALGORITHM_WORDS,
        "is_removable": uri is not None and not _is_of_server(catalogue, uri),
        "may_change": request.may(resources.CHANGE) and uri != (catalogue.admin_api or None),
    }


def _of_scope(request: ConsoleRequest, name: str | None) -> dict[str, Any]:
    catalogue = stored.current(request.context)
    found = None if name is None else request.perform(scopes.SHOW, name=name)
    may_change = request.may(scopes.CHANGE) and name not in catalogue.administrative.names
    effect = request.preview(scopes.REMOVE, name=name) if found and may_change else None
    return {
        "scope": found.result if found else None,
        "seen": found.etag if found else "",
        "holders": effect.sentences[:1] if effect else (),
        "resources": [
            (each.uri, each.name)
            for each in catalogue.resources.values()
            if each.uri != catalogue.admin_api
        ],
        "is_removable": name not in BUILT_IN,
        "may_change": may_change,
    }
