"""Reads what came back for an operation. Pure; every server is taken for a hostile one."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from gatepass.admin.errors import (
    OF_STATUS,
    FieldError,
    OperationRefused,
    UnexpectedAnswer,
    shown,
)
from gatepass.admin.records import Performed, read_effect
from gatepass.client.tokens.unexpected_response import description
from gatepass.wire.flow import Response
from gatepass.wire.secret import Secret

LONGEST_ANSWER = 8 * 1024 * 1024  # bytes; a sender may stop reading soon after

_MOST_ERRORS = 20
_PROBLEM = "application/problem+json"
_PERHAPS = "If it changes something, it may have been done: look before you perform it again."


def read(name: str, response: Response, secrets: Sequence[Secret]) -> Performed:
    """Return what came of an operation; raise OperationRefused or UnexpectedAnswer.

    `secrets` are never quoted, should the answer have them.
    """
    _check_status(name, response, secrets)
    etag = response.headers.get("etag", "")
    if response.status == HTTPStatus.NO_CONTENT:
        return Performed({}, etag)
    try:
        return Performed(_members(response), etag)
    except ValueError as error:
        raise _unexpected(name, response, secrets, error) from None


def read_dry_run(name: str, response: Response, secrets: Sequence[Secret]) -> Performed:
    """Return what would come of an operation, as `read` does."""
    _check_status(name, response, secrets)
    try:
        members = _members(response)
        result, effect = _dry_run(members), read_effect(members.get("effect"))
    except ValueError as error:
        raise _unexpected(name, response, secrets, error) from None
    return Performed(result, response.headers.get("etag", ""), effect)


def problem_detail(response: Response, secrets: Sequence[Secret]) -> str:
    """Return the sentence of a problem document, empty where the answer is none."""
    return shown(_text(_problem(response), "detail"), secrets)


def _check_status(name: str, response: Response, secrets: Sequence[Secret]) -> None:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        raise UnexpectedAnswer(
            name,
            f"the server answered {response.status}, and redirects are not followed with a token: "
            "give the address that it moved to",
        )
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise _refusal(name, response, secrets)


def _unexpected(
    name: str, response: Response, secrets: Sequence[Secret], error: ValueError
) -> UnexpectedAnswer:
    why = f"the answer is not from the Admin API ({description(response, secrets)}): {error}"
    return UnexpectedAnswer(name, f"{shown(why, secrets)}. {_PERHAPS}")


def _dry_run(members: dict[str, Any]) -> dict[str, Any]:
    result = members.get("result")
    if members.get("dry_run") is not True or not isinstance(result, dict):
        raise ValueError("it does not say that it is of a dry run")
    return result


def _members(response: Response) -> dict[str, Any]:
    if response.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        raise ValueError(f"the status is {response.status}")
    if len(response.body) > LONGEST_ANSWER:
        raise ValueError(f"it is longer than {LONGEST_ANSWER} bytes")
    return _object(response.body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body.decode())
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(members, dict):
        raise ValueError("it is not an object")
    return members


def _problem(response: Response) -> dict[str, Any]:
    """Return the members of a problem document, none where the answer is none."""
    if response.media_type != _PROBLEM or len(response.body) > LONGEST_ANSWER:
        return {}
    try:
        return _object(response.body)
    except ValueError:
        return {}


def _refusal(
    name: str, response: Response, secrets: Sequence[Secret]
) -> OperationRefused | UnexpectedAnswer:
    problem = _problem(response)
    if not problem:
        return UnexpectedAnswer(
            name,
            f"the server answered {response.status} without a problem document, but "
            f"{description(response, secrets)}: check that the address is that of production",
        )
    kind = OF_STATUS.get(response.status, OperationRefused)
    title, detail = (shown(_text(problem, each), secrets) for each in ("title", "detail"))
    return kind(name, response.status, title, detail, _errors(problem, secrets))


def _errors(problem: dict[str, Any], secrets: Sequence[Secret]) -> list[FieldError]:
    given = problem.get("errors")
    return [
        FieldError(shown(_text(each, "field"), secrets), shown(_text(each, "detail"), secrets))
        for each in (given[:_MOST_ERRORS] if isinstance(given, list) else ())
        if isinstance(each, dict)
    ]


def _text(members: dict[str, Any], name: str) -> str:
    text = members.get(name)
    return text if isinstance(text, str) else ""
