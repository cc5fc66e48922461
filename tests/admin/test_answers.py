"""What a hostile or a broken server may answer."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from admin.fake_api import FakeApi, answered, problem
from gatepass.admin import (
    AccessDenied,
    Admin,
    Conflict,
    FieldError,
    InvalidArguments,
    NotFound,
    OperationRefused,
    PreconditionFailed,
    ServerUnavailable,
    UnexpectedAnswer,
)
from gatepass.admin.answers import LONGEST_ANSWER
from gatepass.wire.flow import Response

_VECTORS = Path(__file__).parents[1] / "vectors" / "malformed_admin_answers.json"
_MALFORMED = [
    pytest.param(each, id=each["name"]) for each in json.loads(_VECTORS.read_text("utf-8"))
]
_ID = "5c4f6f0e-7d0f-4f0e-9d0a-3f8f5f1f2a10"


@pytest.fixture
def admin(api: FakeApi) -> Admin:
    return Admin.over(api.connection())


@pytest.mark.parametrize("given", _MALFORMED)
def test_an_answer_that_is_none_of_the_api_is_an_error_of_one_line(
    given: dict[str, Any], api: FakeApi, admin: Admin
) -> None:
    api.answers.append(Response(given["status"], {}, given["body"].encode("latin-1")))
    with pytest.raises(UnexpectedAnswer) as refused:
        admin.organizations.show(org_id=_ID)

    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("organization.show: ")


def test_an_answer_that_is_too_long_is_refused(api: FakeApi, admin: Admin) -> None:
    api.answers.append(Response(200, {}, b" " * (LONGEST_ANSWER + 1) + b"{}"))
    with pytest.raises(UnexpectedAnswer, match="longer than"):
        admin.organizations.show(org_id=_ID)


def test_json_that_is_nested_too_deeply_is_refused(api: FakeApi, admin: Admin) -> None:
    api.answers.append(Response(200, {}, b'{"a":' * 100_000))
    with pytest.raises(UnexpectedAnswer, match="not JSON"):
        admin.organizations.show(org_id=_ID)


@pytest.mark.parametrize(
    "members",
    [
        {"result": {}},
        {"dry_run": False, "effect": None, "result": {}},
        {"dry_run": True, "effect": None},
        {"dry_run": True, "effect": [], "result": {}},
        {"dry_run": True, "effect": {"sentences": [1]}, "result": {}},
    ],
)
def test_an_answer_that_is_not_of_the_dry_run_is_refused(
    members: dict[str, Any], api: FakeApi, admin: Admin
) -> None:
    api.answers.append(answered(members))
    with pytest.raises(UnexpectedAnswer, match="it may have been done"):
        admin.perform("organization.suspend", {"org_id": _ID}, dry_run=True)


def test_a_dry_run_that_is_answered_without_a_body_is_refused(api: FakeApi, admin: Admin) -> None:
    api.answers.append(Response(204, {}, b""))
    with pytest.raises(UnexpectedAnswer, match="it may have been done"):
        admin.applications.delete(client_id="x", dry_run=True)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, OperationRefused),
        (403, AccessDenied),
        (404, NotFound),
        (409, Conflict),
        (412, PreconditionFailed),
        (413, OperationRefused),
        (422, InvalidArguments),
    ],
)
def test_a_problem_is_an_exception_with_its_members(
    status: int, kind: type[OperationRefused], api: FakeApi, admin: Admin
) -> None:
    errors = [{"field": "name", "detail": "It is too long."}, "nonsense", {"field": 7}]
    api.answers.append(problem(status, "Not accepted: Zürich.", errors=errors))
    with pytest.raises(OperationRefused) as refused:
        admin.organizations.show(org_id=_ID)

    found = refused.value
    assert type(found) is kind
    assert (found.operation, found.status, found.title) == ("organization.show", status, "Refused")
    assert found.detail == "Not accepted: Zürich."
    assert [*found.errors] == [("name", "It is too long."), ("", "")]
    assert "name: It is too long." in str(found)


def test_what_a_problem_says_cannot_write_on_a_terminal(api: FakeApi, admin: Admin) -> None:
    api.answers.append(problem(409, "\x1b[2J\nNo\u202e.\x9b31m" + "x" * 9000))
    with pytest.raises(Conflict) as refused:
        admin.organizations.show(org_id=_ID)

    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) == 2000


@pytest.mark.parametrize(
    "error",
    [
        InvalidArguments("a.b", 422, "Title", "Detail", [FieldError("name", "No.")]),
        ServerUnavailable("a.b", "it is away", 3, 1.5, 2.0, idempotency_key="a-key-of-mine-1"),
        UnexpectedAnswer("a.b", "it is not JSON"),
    ],
)
def test_errors_can_be_copied_and_pickled(error: Exception) -> None:
    for each in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(each) is type(error)
        assert vars(each) == vars(error)
        assert str(each) == str(error)
