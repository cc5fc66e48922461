"""What is sent for an operation."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from gatepass.admin import NotFound
from gatepass.admin.description import OPERATIONS
from gatepass.admin.operations.records.organizations import Organization
from gatepass.admin.records import Record, read
from gatepass.admin.requests import Conditions, write
from gatepass.server.admin.operations import examples
from gatepass.wire.flow import Request

_ID = UUID(examples.ORGANIZATION_ID)
_URL = "https://auth.example.com/api/admin/v1/sandbox"


def _written(name: str, given: dict[str, Any], wanted: Conditions | None = None) -> Request:
    return write(_URL, name, OPERATIONS[name], given, wanted or Conditions())


def test_ids_are_in_the_path_and_the_rest_in_the_body() -> None:
    sent = _written("organization.rename", {"org_id": _ID, "name": "Ä"})

    assert sent.method == "PATCH"
    assert sent.url == f"{_URL}/organizations/{_ID}"
    assert json.loads(sent.body) == {"name": "Ä"}
    assert sent.headers["content-type"] == "application/json"


def test_a_query_has_what_is_given_and_not_none() -> None:
    since = datetime(2026, 11, 1, tzinfo=UTC)
    given = {"since": since, "refused": True, "org_id": None, "limit": 10, "actor": "a&b=c"}
    sent = _written("audit.list", given)

    assert sent.url == (
        f"{_URL}/audit?since=2026-11-01T00%3A00%3A00%2B00%3A00&refused=true&limit=10"
        "&actor=a%26b%3Dc"
    )
    assert sent.body == b""


def test_null_in_a_body_is_sent() -> None:
    given = {"client_id": "x", "secret_id": _ID, "expires_at": None}
    assert json.loads(_written("application.set_secret_end", given).body) == {"expires_at": None}


def test_an_action_without_arguments_has_no_body() -> None:
    sent = _written("organization.suspend", {"org_id": _ID})
    assert sent.body == b""
    assert "content-type" not in sent.headers


@pytest.mark.parametrize("text", ["a/b", "a?b#c", "%2e%2e", "é", "a b"])
def test_an_id_cannot_leave_its_place_in_the_path(text: str) -> None:
    sent = _written("application.show", {"client_id": text})
    path = sent.url.removeprefix(f"{_URL}/applications/")
    assert not {*path} & {*"/?# "}
    assert path.isascii()


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_id_that_no_address_can_hold_is_of_nothing(text: str) -> None:
    with pytest.raises(NotFound):
        _written("application.delete", {"client_id": text})


def test_a_dry_run_asks_for_it() -> None:
    sent = _written("application.delete", {"client_id": "x"}, Conditions(dry_run=True))
    assert sent.url.endswith("/applications/x?dry_run=true")


def test_a_record_that_was_read_is_the_condition_of_a_change() -> None:
    found = read(Organization, examples.ORGANIZATION, '"abc"')
    for given in (found, '"abc"'):
        sent = _written(
            "organization.rename", {"org_id": _ID, "name": "B"}, Conditions(if_match=given)
        )
        assert sent.headers["if-match"] == '"abc"'


@pytest.mark.parametrize(
    "given", ["abc", '"a\r\nb"', '"a" , ', read(Organization, examples.ORGANIZATION)]
)
def test_what_is_no_tag_is_no_condition(given: Record | str) -> None:
    with pytest.raises(ValueError, match="if_match"):
        _written("organization.rename", {"org_id": _ID, "name": "B"}, Conditions(if_match=given))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"client_id": "x", "secret_id": _ID, "expires_at": datetime(2026, 1, 1)}, "time zone"),  # noqa: DTZ001 - the point
        ({"client_id": "x", "secret_id": _ID, "expires_at": object()}, "no argument"),
        ({"client_id": "x"}, "needs secret_id"),
    ],
)
def test_what_cannot_be_sent_is_said_at_once(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _written("application.set_secret_end", given)


def test_no_argument_is_named_like_a_condition() -> None:
    from gatepass.server.admin.operations.registry import REMOTE

    conditions = {"if_match", "dry_run", "idempotency_key"}
    assert [each.name for each in REMOTE if conditions & each.input.model_fields.keys()] == []
