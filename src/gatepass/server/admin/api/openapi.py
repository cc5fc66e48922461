"""The description of the Admin API (OpenAPI 3.1), made from the operations."""

import json
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gatepass.server.admin.api.access import production_of
from gatepass.server.admin.api.idempotency import LONGEST, SHORTEST
from gatepass.server.admin.api.requests import DRY_RUN
from gatepass.server.admin.operations.model import Operation
from gatepass.server.domain.catalogue import admin_scopes
from gatepass.server.environment.environment import NAMES
from gatepass.server.oauth import metadata as published
from gatepass.server.partner_api import errors
from gatepass.server.partner_api.errors import ProblemDocument
from gatepass.wire.metadata import ADMIN_API, TOKEN

Operations = Sequence[Operation[Any, Any]]
Json = dict[str, Any]

_JSON = "application/json"
_SECURITY = "operator"
_REFERENCE = "#/components/schemas/{model}"
_ABOUT = """What the operator's console and commands do, for the operator's own programs.

Every call needs an access token (OAuth 2.0 client credentials) of an application of the operator.
Its scopes name an environment, an area and `read` or `write`, as `production:organizations:write`;
an owner grants them in the console. Lists come in pages: give `next_cursor` back as `cursor`.
An answer has an ETag; a change with `If-Match` is refused (412) if the object is not any more the
one that was read. A POST with an `Idempotency-Key` is done once, and answered alike for 24 hours.
With `dry_run=true` nothing is changed, and the answer says what would be. A secret is in one answer
alone.
"""
_READING = (400, 401, 403, 404, 422, 503)
_WRITING = (400, 401, 403, 404, 409, 412, 413, 415, 422, 503)


def routes(operations: Operations) -> list[BaseRoute]:
    """Return the route of the document."""

    @cache
    def body(issuer: str, brand: str) -> bytes:
        return json.dumps(document(operations, issuer, f"{brand} Admin API")).encode()

    async def described(request: Request) -> Response:
        environment = production_of(request)
        status, headers, content = published.cached(
            body(environment.issuer, environment.brand.name), request.scope
        )
        response = Response(content, status)
        response.raw_headers += headers
        return response

    return [Route("/openapi.json", described, methods=published.METHODS)]


def document(operations: Operations, issuer: str, title: str) -> Json:
    """Return the document."""
    models: list[Any] = [
        (each.output, "serialization") for each in operations if each.method != "DELETE"
    ]
    models += [(each.input, "validation") for each in operations]
    _, schemas = models_json_schema(
        list(dict.fromkeys([*models, (ProblemDocument, "serialization")])), ref_template=_REFERENCE
    )
    paths: Json = {}
    for each in operations:
        path = paths.setdefault(f"/{{environment}}{each.path}", {"parameters": [_ENVIRONMENT]})
        path[each.method.lower()] = _described(each, schemas["$defs"])
    # the guard's own refusals have no fields
    schemas["$defs"]["ProblemDocument"]["required"].remove("errors")
    schemas["$defs"]["Effect"] = _EFFECT
    used = {each.input.__name__ for each in operations}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1",
            "description": _ABOUT,
            "contact": {"name": "The operator"},
        },
        "servers": [{"url": issuer + ADMIN_API}],
        "tags": [
            {"name": name, "description": f"See and change {words}."}
            for name, words in admin_scopes.AREAS.items()
        ],
        "paths": paths,
        "components": {
            "schemas": {
                name: schema for name, schema in schemas["$defs"].items() if name not in used
            },
            "securitySchemes": {_SECURITY: _scheme(issuer)},
        },
    }


_ENVIRONMENT = {
    "name": "environment",
    "in": "path",
    "required": True,
    "description": "The environment that the call is about.",
    "schema": {"type": "string", "enum": list(NAMES.values())},
    "example": "sandbox",
}
_DRY_RUN = {
    "name": DRY_RUN,
    "in": "query",
    "description": "Change nothing, and return what would be.",
    "schema": {"type": "boolean", "default": False},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A random text. The same request with the same key is done once.",
    "schema": {"type": "string", "minLength": SHORTEST, "maxLength": LONGEST},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "The ETag of what was read: it is changed only if it is still that.",
    "schema": {"type": "string"},
}


def _described(operation: Operation[Any, Any], schemas: Json) -> Json:
    schema = schemas[operation.input.__name__]
    properties, required = schema.get("properties", {}), set(schema.get("required", ()))
    outside = [*operation.parameters]
    parameters = [_parameter(name, "path", properties[name], operation) for name in outside]
    if operation.method in {"GET", "DELETE"}:
        parameters += [
            _parameter(name, "query", properties[name], operation, is_required=name in required)
            for name in properties
            if name not in outside
        ]
    if operation.access == "write":
        parameters.append(_DRY_RUN)
        parameters += [_IDEMPOTENCY_KEY] if operation.method == "POST" else []
        parameters += [_IF_MATCH] if operation.reads else []
    refusals = _READING if operation.access == "read" else _WRITING
    described: Json = {
        "operationId": operation.name.replace(".", "_"),
        "summary": operation.summary,
        "description": _description(operation),
        "tags": [operation.area],
        "security": [{_SECURITY: [operation.scope(name)]} for name in NAMES.values()],
        "parameters": parameters,
        "responses": {
            **_answers(operation),
            **{str(status): each for status, each in errors.described(*refusals).items()},
        },
    }
    members = {name: each for name, each in properties.items() if name not in outside}
    if operation.method not in {"GET", "DELETE"} and members:
        described["requestBody"] = _body(operation, members, required)
    return described


def _description(operation: Operation[Any, Any]) -> str:
    scope = operation.scope("{environment}")
    return f"{operation.description or operation.summary}\n\nScope: `{scope}`."


def _parameter(
    name: str,
    where: str,
    schema: Json,
    operation: Operation[Any, Any],
    *,
    is_required: bool = True,
) -> Json:
    shown = {key: value for key, value in schema.items() if key not in {"title", "description"}}
    found = {"name": name, "in": where, "required": is_required, "schema": shown}
    if "description" in schema:
        found["description"] = schema["description"]
    if name in operation.example:
        found["example"] = operation.example[name]
    return found


def _body(operation: Operation[Any, Any], members: Json, required: set[str]) -> Json:
    needed = [name for name in members if name in required]
    schema: Json = {"type": "object", "properties": members, "additionalProperties": False}
    if needed:
        schema["required"] = needed
    example = {name: value for name, value in operation.example.items() if name in members}
    return {"required": True, "content": {_JSON: {"schema": schema, "example": example}}}


def _answers(operation: Operation[Any, Any]) -> Json:
    """Return the answers to what is accepted; a dry run has one of its own."""
    if operation.method == "DELETE":
        return {"204": {"description": "It is gone."}, "200": _dry_answer({"type": "object"})}
    schema: Json = {"$ref": _REFERENCE.format(model=operation.output.__name__)}
    content: Json = {"schema": schema}
    if operation.answer:
        content["example"] = operation.answer
    etag = {"ETag": {"description": "of this object", "schema": {"type": "string"}}}
    success = {"description": operation.summary, "headers": etag, "content": {_JSON: content}}
    if operation.access == "read":
        unchanged = {"description": "It has the ETag that `If-None-Match` named.", "headers": etag}
        return {str(operation.status): success, "304": unchanged}
    if operation.status != HTTPStatus.OK:
        return {str(operation.status): success, "200": _dry_answer(schema)}
    content["schema"] = {"anyOf": [schema, _dry_run_of(schema)]}
    success["description"] = f"{operation.summary} With `{DRY_RUN}`: what would be."
    return {"200": success}


def _dry_answer(result: Json) -> Json:
    content = {_JSON: {"schema": _dry_run_of(result)}}
    return {"description": f"With `{DRY_RUN}`: what would be.", "content": content}


def _dry_run_of(result: Json) -> Json:
    effect = {"anyOf": [{"$ref": _REFERENCE.format(model="Effect")}, {"type": "null"}]}
    members: Json = {"dry_run": {"const": True}, "effect": effect, "result": result}
    return _object(members)


def _object(members: Json) -> Json:
    return {"type": "object", "required": [*members], "properties": members}


_EFFECT = {
    "description": "What the operation stops, in words and in numbers.",
    **_object(
        {
            "reversible": {"type": "boolean"},
            "sentences": {"type": "array", "items": {"type": "string"}},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        }
    ),
}


def _scheme(issuer: str) -> Json:
    scopes = {
        admin_scopes.name(environment, area, access): f"{environment}: {verb} {words}"
        for environment in admin_scopes.ENVIRONMENTS
        for area, words in admin_scopes.AREAS.items()
        for access, verb in (("read", "see"), ("write", "change"))
    }
    flow = {"tokenUrl": issuer + TOKEN, "scopes": scopes}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}
