"""Writes an operation as an HTTP request. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

from gatepass.admin.errors import NotFound
from gatepass.admin.records import Record
from gatepass.wire.flow import JSON_HEADERS, Request

_TAG = re.compile(r'\*|(?:W/)?"[\x21\x23-\x7e]*"')
_PARAMETER = re.compile(r"{(\w+)}")
_IN_QUERY = {"GET", "DELETE"}


class Operation(NamedTuple):
    """An operation of the Admin API: how it is asked for, and whether its list has pages."""

    method: str
    path: str
    is_paged: bool = False

    @property
    def is_creation(self) -> bool:
        """Return whether it takes an Idempotency-Key: sent twice, it would be done twice."""
        return self.method == "POST"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is asked for besides: see the Admin API's reference."""

    if_match: Record | str = ""
    dry_run: bool = False
    idempotency_key: str = ""

    def tag(self) -> str:
        """Return the ETag for If-Match, empty without one; raise ValueError for what is none."""
        if isinstance(self.if_match, Record):
            tag = self.if_match.etag
            if not tag:
                raise ValueError("if_match has no ETag: give what a method has returned itself")
            return tag
        if self.if_match and not _TAG.fullmatch(self.if_match):
            raise ValueError("if_match is not an entity tag: give what was read, or its etag")
        return self.if_match


def write(
    url: str, name: str, operation: Operation, arguments: Mapping[str, object], wanted: Conditions
) -> Request:
    """Return the request, without its token.

    `url` is that of the environment in the API. What is None is null in a body, and left out of a
    query. Raises ValueError for a value that is not of JSON, and NotFound for an id that no
    object has and no address can hold.
    """
    outside = _PARAMETER.findall(operation.path)
    missing = [each for each in outside if each not in arguments]
    if missing:
        raise ValueError(f"{name} needs {', '.join(missing)}")
    path = operation.path.format_map({each: _segment(name, arguments[each]) for each in outside})
    rest = {each: value for each, value in arguments.items() if each not in outside}
    query: dict[str, str] = {}
    headers = {**JSON_HEADERS, "user-agent": "gatepass"}
    body = b""
    if operation.method in _IN_QUERY:
        query = {each: _text(value) for each, value in rest.items() if value is not None}
    elif rest:
        headers["content-type"] = "application/json"
        body = json.dumps(rest, default=_plain).encode()
    if wanted.dry_run:
        query["dry_run"] = "true"
    if operation.is_creation and not wanted.dry_run:
        headers["idempotency-key"] = wanted.idempotency_key
    if tag := wanted.tag():
        headers["if-match"] = tag
    address = f"{url}{path}?{urlencode(query)}" if query else url + path
    return Request(operation.method, address, headers, body)


def _segment(name: str, value: object) -> str:
    text = _text(value)
    if text in {"", ".", ".."}:  # a client or a proxy would take them out of the address
        raise NotFound(name, 404, "Not Found", "There is nothing with this id.")
    return quote(text, safe="")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    return _plain(value)


def _plain(value: object) -> str:
    """Return what stands for a value that JSON does not have."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a moment has no time zone: give one, as with datetime.now(UTC)")
        return value.isoformat()
    raise ValueError(f"a {type(value).__name__} is no argument of an operation")
