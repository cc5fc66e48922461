"""The Admin API over the audit trail: verified, exported and erased in parts."""

from typing import Any, NamedTuple

import pytest
from httpx2 import Response
from sqlalchemy import text

from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.chain import store as chain
from gatepass.server.domain.audit.model import Entry
from gatepass.wire.credential import Mode
from server.admin.operator_program import Program
from server.fixtures import InProcessServer

URL = "/api/admin/v1/production/audit"


@pytest.fixture
def operator(server: InProcessServer) -> Program:
    return Program(server, "production:audit:read", "production:audit:write")


class Acts(NamedTuple):
    """What a person did last: the numbers of the newest entries. There are others before them."""

    name: str
    numbers: list[int]


@pytest.fixture
def acts(server: InProcessServer) -> Acts:
    context = server.environment(Mode.LIVE).context
    with context.database.write() as connection:
        before = audit.newest(connection)
        name = f"zoe{before}"
        entries = (
            Entry(context.now(), None, name, "login", f"x{n}", source="192.0.2.1") for n in range(7)
        )
        audit.record(connection, *entries)
        return Acts(name, list(range(before + 1, audit.newest(connection) + 1)))


def verified(operator: Program, limit: int = 3) -> list[dict[str, Any]]:
    """Return all parts of a verification."""
    parts: list[dict[str, Any]] = []
    while not parts or parts[-1]["has_more"]:
        query = {"limit": limit} | ({"after_link": parts[-1]["last_link"]} if parts else {})
        answer = operator.send("GET", f"{URL}/verification", params=query)
        assert answer.status_code == 200, answer.text
        parts.append(answer.json())
    return parts


def erase(operator: Program, body: dict[str, object], *, dry_run: bool = False) -> Response:
    query = {"dry_run": "true"} if dry_run else {}
    return operator.send("POST", f"{URL}/erasures", params=query, json=body)


def entries_of(operator: Program, acts: Acts) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = operator.send("GET", URL, params={"actor": acts.name}).json()[
        "items"
    ]
    return found


@pytest.mark.usefixtures("acts")
def test_a_trail_that_nobody_touched_is_verified_in_parts(operator: Program) -> None:
    parts = verified(operator)

    assert len(parts) > 2
    assert all(part["is_whole"] and part["entries"] <= 3 for part in parts)
    assert [part["first_link"] for part in parts[1:]] == [
        part["last_link"] + 1 for part in parts[:-1]
    ]


def test_a_changed_entry_is_found_in_its_part(
    server: InProcessServer, operator: Program, acts: Acts
) -> None:
    number = acts.numbers[2]

    def write(actor: str) -> None:
        with server.environment(Mode.LIVE).database.write() as connection:
            sql = text("UPDATE audit SET actor = :actor WHERE id = :id")
            connection.execute(sql, {"id": number, "actor": actor})

    write("eve")
    [part] = [part for part in verified(operator) if not part["is_whole"]]
    write(acts.name)

    assert part["found"] == 1
    assert part["findings"] == [{"kind": "changed", "number": number, "what": "actor"}]


def test_an_export_has_each_entry_once_in_order_with_the_digest_of_its_link(
    server: InProcessServer, operator: Program, acts: Acts
) -> None:
    items, cursor = list[dict[str, Any]](), ""
    while cursor is not None:
        query = {"limit": 3, "action": "login", "actor": acts.name, "cursor": cursor}
        page = operator.send("GET", f"{URL}/export", params=query).json()
        assert len(page["items"]) <= 3
        items += page["items"]
        cursor = page["next_cursor"]

    assert [each["number"] for each in items] == acts.numbers
    with server.environment(Mode.LIVE).database.read() as connection:
        links = chain.links_of(connection, acts.numbers)
    assert [each["link"] for each in items] == [links[n].digest.hex() for n in acts.numbers]
    query = {"cursor": str(acts.numbers[-2])}
    later = operator.send("GET", f"{URL}/export", params=query).json()
    assert later["items"][0]["number"] == acts.numbers[-1]


def test_what_is_said_of_a_person_is_erased_in_parts_and_the_trail_stays_whole(
    operator: Program, acts: Acts
) -> None:
    before = acts.numbers[0] - 1
    person: dict[str, object] = {"names": [acts.name], "reason": "request 7"}
    counted = erase(operator, {**person, "after": before, "limit": 5}, dry_run=True).json()
    assert counted["effect"]["counts"] == {"entries": 5}
    assert not counted["effect"]["reversible"]
    assert len(entries_of(operator, acts)) == 7

    first = erase(operator, {**person, "after": before, "limit": 5}).json()
    assert first == {"erased": 5, "last": acts.numbers[4]}
    second = erase(operator, {**person, "after": first["last"], "limit": 50}).json()
    assert second == {"erased": 2, "last": None}

    assert entries_of(operator, acts) == []
    said = operator.send("GET", URL, params={"action": "audit.erased"}).json()["items"][1]
    assert "Back office" in said["detail"]["operator"]
    assert said["detail"]["entries"] == "5"
    assert acts.name not in str(said)
    parts = verified(operator)
    assert all(part["is_whole"] for part in parts), parts
    assert sum(part["erased"] for part in parts) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": []},
        {"names": [" "]},
        {"names": ["a\nb"]},
        {"names": "zoe"},
        {"reason": "a\nb"},
        {"reason": "x" * 201},
        {"after": -1},
        {"limit": 5001},
        {"entries": [1]},
    ],
)
def test_an_erasure_of_something_else_is_refused(
    operator: Program, acts: Acts, wrong: dict[str, object]
) -> None:
    assert erase(operator, {"names": [acts.name], **wrong}).status_code in {400, 422}
    assert len(entries_of(operator, acts)) == 7


def test_who_may_only_read_the_trail_erases_nothing(server: InProcessServer, acts: Acts) -> None:
    reader = Program(server, "production:audit:read")

    assert erase(reader, {"names": [acts.name]}).status_code == 403
    assert len(entries_of(reader, acts)) == 7
