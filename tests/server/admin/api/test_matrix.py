"""Every operation in each environment needs its own scope, and says each mistake of a request."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.registry import OPERATIONS, REMOTE
from gatepass.server.environment.environment import NAMES
from gatepass.wire.metadata import ADMIN_API
from server.admin.operator_program import Program, every_scope
from server.fixtures import InProcessServer, open_passive_server

_EACH = [
    pytest.param(each, name, id=f"{each.name}@{name}") for each in REMOTE for name in NAMES.values()
]
_BY_ID = [pytest.param(each, id=each.name) for each in REMOTE]
_WITH_BODY = [
    pytest.param(each, id=each.name) for each in REMOTE if each.method in {"POST", "PUT", "PATCH"}
]


class Programs:
    """A program with all scopes, and its tokens with some of them."""

    def __init__(self, server: InProcessServer) -> None:
        self.program = Program(server, *every_scope())
        self.with_scopes = cache(self._with_scopes)

    def only(self, scope: str) -> Program:
        return self.with_scopes(scope)

    def all_but(self, scope: str) -> Program:
        return self.with_scopes(" ".join(each for each in every_scope() if each != scope))

    def _with_scopes(self, scopes: str) -> Program:
        made = object.__new__(Program)
        made.server, made.client = self.program.server, self.program.client
        made.token = made.server.token(made.client, scope=scopes)
        return made


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    data: Path = tmp_path_factory.mktemp("data")
    with open_passive_server(data) as server:
        yield Programs(server)


def _perform(program: Program, operation: Operation[Any, Any], name: str) -> int:
    is_write = operation.access == "write"
    example = dict(operation.example)
    return program.perform(operation, example, name, dry_run=is_write).status_code


@pytest.mark.parametrize(("operation", "name"), _EACH)
def test_it_is_done_with_its_own_scope_alone_and_refused_with_all_others(
    operation: Operation[Any, Any], name: str, programs: Programs
) -> None:
    scope = operation.scope(name)
    assert _perform(programs.all_but(scope), operation, name) == 403
    assert _perform(programs.only(scope), operation, name) not in {401, 403, 405}


@pytest.mark.parametrize("operation", _BY_ID)
def test_it_is_refused_without_a_token(operation: Operation[Any, Any], programs: Programs) -> None:
    stranger = object.__new__(Program)
    stranger.server, stranger.token = programs.program.server, "nonsense"
    assert _perform(stranger, operation, "production") == 401


@pytest.mark.parametrize("operation", _BY_ID)
def test_an_unknown_field_is_refused_by_its_name(
    operation: Operation[Any, Any], programs: Programs
) -> None:
    arguments = {**operation.example, "colour": "red"}
    answer = programs.program.perform(operation, arguments)

    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == ["colour"]


@pytest.mark.parametrize("operation", _WITH_BODY)
def test_a_value_of_another_type_is_refused_by_its_name(
    operation: Operation[Any, Any], programs: Programs
) -> None:
    for name in operation.input.model_fields.keys() - {*operation.parameters}:
        answer = programs.program.perform(operation, {**operation.example, name: {"a": [1]}})

        assert answer.status_code == 422, answer.text
        fields = [each["field"] for each in answer.json()["errors"]]
        assert {each.partition(".")[0] for each in fields} == {name}


@pytest.mark.parametrize("operation", _WITH_BODY)
def test_a_body_that_is_no_object_or_too_long_is_refused(
    operation: Operation[Any, Any], programs: Programs
) -> None:
    url = f"{ADMIN_API}/production{operation.path.format(**operation.example)}"

    assert programs.program.send(operation.method, url, json=["all"]).status_code == 422
    long = programs.program.send(operation.method, url, json={"name": "x" * 70_000})
    assert long.status_code == 413


def test_no_account_manager_sees_a_client_secret() -> None:
    shown = [
        each.name
        for each in OPERATIONS
        if "client_secret" in each.output.model_fields and "account_manager" in each.roles
    ]
    assert shown == []


def test_a_replay_while_the_first_runs_gets_the_same_answer(programs: Programs) -> None:
    key = {"Idempotency-Key": "0c8a3c5e-6f4e-4f8e-9d51-2e7b1d3a9f60"}
    url = f"{ADMIN_API}/production/organizations"
    body = {"name": "At once", "username": "atonce"}

    def create(_: int) -> tuple[int, Any]:
        answer = programs.program.send("POST", url, json=body, headers=key)
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(create, range(4)))
    assert answers[0][0] == 201
    assert all(each == answers[0] for each in answers)
