"""Each operation has a method of both clients, which does what the server describes."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from gatepass.admin import Admin, AsyncAdmin, Record
from gatepass.admin.description import OPERATIONS
from gatepass.admin.records import Nothing, read
from gatepass.server.admin.operations.model import Operation
from gatepass.server.admin.operations.registry import REMOTE
from server.admin.client.in_process_sender import connection_of
from server.admin.operator_program import Partner, Program, every_scope, partner_with_everything
from server.fixtures import open_passive_server

_BY_ID = [pytest.param(each, id=each.name) for each in REMOTE]
_GROUPS = {"policy": "policies", "person": "people"}
_SINGULAR = {"audit", "mail", "system"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    data: Path = tmp_path_factory.mktemp("data")
    mail = {"host": "127.0.0.1", "port": 9, "sender": "gatepass@example.com"}
    with open_passive_server(data, mail=mail) as server:
        yield Program(server, *every_scope())


@pytest.fixture(scope="module")
def partner(program: Program) -> Partner:
    return partner_with_everything(program.server)


def _method(client: object, operation: Operation[Any, Any]) -> Any:  # noqa: ANN401 - a method
    noun, verb = operation.name.split(".")
    group = _GROUPS.get(noun, noun if noun in _SINGULAR else f"{noun}s")
    return getattr(getattr(client, group), verb)


def _record_of(operation: Operation[Any, Any], admin: Admin) -> type[Record]:
    returned = get_type_hints(_method(admin, operation))["return"]
    found: type[Record] = getattr(returned, "__args__", [returned])[0]
    return found


def test_there_is_each_operation_and_no_other() -> None:
    assert {name: (each.method, each.path) for name, each in OPERATIONS.items()} == {
        each.name: (each.method, each.path) for each in REMOTE
    }


@pytest.mark.parametrize("operation", _BY_ID)
def test_its_method_takes_its_arguments_alone(
    operation: Operation[Any, Any], program: Program
) -> None:
    taken = get_type_hints(_method(Admin.over(connection_of(program)), operation))
    [kind] = getattr(taken.get("given"), "__args__", [None])
    names = set(get_type_hints(kind)) if kind else set()
    conditions = {
        *(["dry_run"] if operation.access == "write" else []),
        *(["idempotency_key"] if operation.method == "POST" else []),
        *(["if_match"] if operation.reads else []),
    }

    assert names == operation.input.model_fields.keys() | conditions
    needed = {name for name, each in operation.input.model_fields.items() if each.is_required()}
    assert (kind.__required_keys__ if kind else set()) == needed


@pytest.mark.parametrize("operation", _BY_ID)
def test_its_record_reads_the_answer_of_its_example(
    operation: Operation[Any, Any], program: Program
) -> None:
    kind = _record_of(operation, Admin.over(connection_of(program)))
    if operation.method == "DELETE":
        assert kind is Nothing
        return
    answer: dict[str, Any] = dict(operation.answer)
    if OPERATIONS[operation.name].is_paged:
        [answer, *_] = answer["items"]
    assert isinstance(read(kind, answer), kind)


@pytest.mark.parametrize("operation", _BY_ID)
def test_its_method_performs_its_example(
    operation: Operation[Any, Any], program: Program, partner: Partner
) -> None:
    connection = connection_of(program)
    arguments = partner.arguments(operation)
    if operation.access == "write":
        arguments["dry_run"] = True
    found: Any = _method(Admin.over(connection), operation)(**arguments)
    found = list(found) if inspect.isgenerator(found) else found
    also: Any = asyncio.run(_awaited(_method(AsyncAdmin.over(connection), operation)(**arguments)))

    if operation.effect:
        assert found.effect.sentences
        assert found.effect == also.effect
    assert type(found) is type(also)
    if operation.access == "read" and operation.name != "system.show":  # it has the time in it
        assert found == also


async def _awaited(given: Any) -> Any:  # noqa: ANN401 - what a method returns
    if isinstance(given, AsyncIterator):
        return [each async for each in given]
    return await given
