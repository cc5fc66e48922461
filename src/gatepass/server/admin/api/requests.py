"""Reads a request: the arguments of its operation, and what it asks for besides."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request

from gatepass.server.admin.api.idempotency import LONGEST, SHORTEST
from gatepass.server.admin.operations.model import Arguments, Operation
from gatepass.server.admin.operations.perform import Conditions
from gatepass.server.partner_api import request_body
from gatepass.server.partner_api.errors import Problem, of_fields
from gatepass.server.serving.problem_details import FieldError
from gatepass.server.storage.errors import NotFoundError

DRY_RUN = "dry_run"
_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"')
_KEY = re.compile(r"[\x21-\x7e]+")


async def arguments_of(operation: Operation[Any, Any], request: Request) -> Arguments:
    """Return the arguments; raise Problem for what is not described."""
    query, path = _query(request), request.path_params
    if operation.access == "read":
        _refuse(query, operation.parameters)
        return _validated(operation, {**query, **path}, is_json=False)
    if operation.method == "DELETE":  # whose body has no meaning (RFC 9110 §9.3.5)
        given = {name: value for name, value in query.items() if name != DRY_RUN}
        _refuse(given, operation.parameters)
        return _validated(operation, {**given, **path}, is_json=False)
    _refuse(query, (), allowed=(DRY_RUN,))
    sent = await _body(operation, request)
    _refuse(sent, operation.parameters)
    return _validated(operation, {**sent, **path}, is_json=True)


def conditions_of(request: Request) -> Conditions:
    """Return whether it is a dry run, and what the caller has seen (If-Match, RFC 9110 §13.1.1)."""
    dry_run = request.query_params.get(DRY_RUN, "false")
    if dry_run not in {"true", "false"}:
        raise _problem_of(DRY_RUN, "Give true or false.")
    given = ", ".join(request.headers.getlist("if-match"))
    tags = ("*",) if given.strip() == "*" else tuple(_TAG.findall(given))
    if given and not tags:
        raise Problem(400, "If-Match is not a list of entity tags, nor *.")
    return Conditions(tags, dry_run == "true")


def idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key, empty without one; raise Problem (400) for what is none."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return ""
    key = given[0].removeprefix('"').removesuffix('"')
    if len(given) > 1 or not SHORTEST <= len(key) <= LONGEST or not _KEY.fullmatch(key):
        raise Problem(
            400,
            f"An Idempotency-Key has {SHORTEST} to {LONGEST} printable ASCII characters and comes "
            "once. Use a random UUID.",
        )
    return key


def _query(request: Request) -> dict[str, str]:
    items = request.query_params.multi_items()
    values = dict(items)
    if len(values) != len(items):
        names = [name for name, _ in items]
        repeated = next(name for name in values if names.count(name) > 1)
        raise _problem_of(repeated, "Give it once.")
    return values


async def _body(operation: Operation[Any, Any], request: Request) -> dict[str, object]:
    """Return the members of the body; one without members may be left out."""
    body = await request_body.bounded(request)
    if not body and operation.input.model_fields.keys() <= {*operation.parameters}:
        return {}
    patch = (request_body.MERGE_PATCH,) if operation.method == "PATCH" else ()
    request_body.check_media_type(request, (request_body.JSON, *patch))
    return request_body.parse(body)


def _refuse(
    sent: Mapping[str, object], parameters: Sequence[str], allowed: Sequence[str] | None = None
) -> None:
    """Raise Problem for a name that belongs to the path, or is none of `allowed`."""
    for name in sent:
        if name in parameters or (allowed is not None and name not in allowed):
            raise of_fields([{"loc": (name,), "type": "extra_forbidden", "msg": ""}])


def _validated(
    operation: Operation[Any, Any], values: Mapping[str, object], *, is_json: bool
) -> Arguments:
    model: type[Arguments] = operation.input
    try:
        if is_json:
            return model.model_validate_json(json.dumps(values))
        return model.model_validate_strings(values, strict=False)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
    if any(each["loc"][:1] == (name,) for each in found for name in operation.parameters):
        raise NotFoundError(operation.path)  # what is no id is the id of nothing
    raise of_fields(found)


def _problem_of(field: str, detail: str) -> Problem:
    return Problem(422, f"Not accepted: {field}.", [FieldError(field, detail)])
