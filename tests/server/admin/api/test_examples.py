"""Each operation does what its example says, and answers as it is described."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.registry import OPERATIONS, REMOTE
from gatepass.wire.metadata import ADMIN_API
from server.admin.operator_program import Partner, Program, every_scope, partner_with_everything
from server.fixtures import InProcessServer, open_passive_server

_BY_ID = [pytest.param(each, id=each.name) for each in REMOTE]


@pytest.fixture(scope="module")
def mailing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    data: Path = tmp_path_factory.mktemp("data")
    mail = {"host": "127.0.0.1", "port": 9, "sender": "gatepass@example.com"}
    with open_passive_server(data, mail=mail) as server:
        yield server


@pytest.fixture(scope="module")
def program(mailing: InProcessServer) -> Program:
    return Program(mailing, *every_scope())


@pytest.fixture(scope="module")
def partner(mailing: InProcessServer) -> Partner:
    return partner_with_everything(mailing)


@pytest.fixture(scope="module")
def description(program: Program) -> dict[str, Any]:
    document: dict[str, Any] = program.send("GET", f"{ADMIN_API}/openapi.json").json()
    return document


def _schema(
    description: dict[str, Any], operation: Operation[Any, Any], status: int
) -> dict[str, Any]:
    call = description["paths"]["/{environment}" + operation.path][operation.method.lower()]
    content = call["responses"][str(status)]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema | {"components": description["components"]}


@pytest.mark.parametrize("operation", _BY_ID)
def test_a_dry_run_of_each_example_is_answered_as_described(
    operation: Operation[Any, Any],
    program: Program,
    partner: Partner,
    description: dict[str, Any],
) -> None:
    arguments = partner.arguments(operation)
    is_write = operation.access == "write"
    answer = program.perform(operation, arguments, dry_run=is_write)

    assert answer.status_code == 200, answer.text
    assert ("dry_run" in answer.json()) == is_write
    Draft202012Validator(_schema(description, operation, 200)).validate(answer.json())
    if operation.effect:
        effect = answer.json()["effect"]
        assert effect["sentences"]
        assert all(isinstance(each, int) for each in effect["counts"].values())


@pytest.mark.parametrize("operation", _BY_ID)
def test_the_answer_of_each_example_is_as_described(
    operation: Operation[Any, Any], description: dict[str, Any]
) -> None:
    operation.input.model_validate(dict(operation.example), strict=False)
    if operation.method == "DELETE":
        assert operation.answer == {}
        return
    schema = _schema(description, operation, operation.status)
    Draft202012Validator(schema).validate(dict(operation.answer))


def test_each_operation_has_a_name_a_place_and_models_of_its_own() -> None:
    names = [each.name for each in OPERATIONS]
    places = [(each.method, each.path) for each in OPERATIONS]
    assert len(set(names)) == len(names)
    assert len(set(places)) == len(places)
    models = {model for each in OPERATIONS for model in (each.input, each.output)}
    assert len({each.__name__ for each in models}) == len(models)


def test_what_stops_something_says_what() -> None:
    dangerous = {"suspend", "disable", "delete", "revoke_tokens", "rotate_now", "reset_password"}
    without = [
        each.name
        for each in OPERATIONS
        if each.name.partition(".")[2] in dangerous and each.effect is None
    ]
    assert without == []
