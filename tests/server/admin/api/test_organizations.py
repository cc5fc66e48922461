"""The Admin API over organizations: what goes in, what comes out, and what is refused."""

from typing import Any

import pytest
from httpx2 import Response

from gatepass.server.domain.audit import store as audit
from gatepass.wire.credential import Mode
from server.admin.operator_program import Program
from server.fixtures import InProcessServer

ADMIN = "/api/admin/v1"
URL = f"{ADMIN}/production/organizations"
NEW = {"name": "A", "username": "b1"}
KEY = "8f14e45f-ceea-467f-a8d3-1c2b0a5e9d10"


@pytest.fixture
def operator(server: InProcessServer) -> Program:
    return Program(server, "production:organizations:read", "production:organizations:write")


def create(operator: Program, name: str = "Acme", username: str = "", **headers: str) -> Response:
    body = {"name": name, "username": username or f"u{name.lower()}"}
    return operator.send("POST", URL, json=body, headers=headers)


def test_an_organization_is_created_shown_and_listed(operator: Program) -> None:
    created = create(operator, "Zephyr Power", "zephyr")
    assert created.status_code == 201
    made = created.json()
    assert made["username"] == "zephyr"
    assert len(made["initial_password"]) > 10

    org_id = made["organization"]["id"]
    shown = operator.send("GET", f"{URL}/{org_id}")
    assert shown.json() == made["organization"]
    assert shown.headers["etag"].startswith('"')
    found = operator.send("GET", URL, params={"search": "zephyr"}).json()
    assert [each["id"] for each in found["items"]] == [org_id]


def test_a_dry_run_changes_nothing_and_shows_no_secret(operator: Program) -> None:
    body = {"name": "Nothing", "username": "nobody"}
    answer = operator.send("POST", URL, params={"dry_run": "true"}, json=body)

    assert answer.status_code == 200
    assert answer.json()["result"]["initial_password"] is None
    found = operator.send("GET", URL, params={"search": "Nothing"}).json()
    assert found["items"] == []


def test_a_dry_run_says_what_would_stop(operator: Program) -> None:
    org_id = create(operator, "Stops", "stops").json()["organization"]["id"]
    answer = operator.send("POST", f"{URL}/{org_id}/suspend", params={"dry_run": "true"})

    assert answer.json()["effect"] == {
        "reversible": True,
        "sentences": [
            "0 applications stop: they were issued 0 tokens in the last hour.",
            "1 person cannot log in.",
            "Its access tokens are revoked, and stay revoked after it is resumed.",
        ],
        "counts": {"applications": 0, "tokens_in_the_last_hour": 0, "people": 1},
    }
    assert operator.send("GET", f"{URL}/{org_id}").json()["state"] == "active"
    assert operator.send("POST", f"{URL}/{org_id}/suspend").json()["state"] == "suspended"
    assert operator.send("POST", f"{URL}/{org_id}/resume").json()["state"] == "active"


def test_a_request_with_a_key_is_done_once(operator: Program) -> None:
    first = create(operator, "Once", "once", **{"Idempotency-Key": KEY})
    again = create(operator, "Once", "once", **{"Idempotency-Key": KEY})

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


def test_a_key_is_refused_for_another_request(operator: Program) -> None:
    key = {"Idempotency-Key": f"{KEY}-another"}
    create(operator, "First", "first1", **key)
    assert create(operator, "Second", "second1", **key).status_code == 422


def test_what_somebody_changed_meanwhile_is_not_changed(operator: Program) -> None:
    made = create(operator, "Before", "before").json()["organization"]
    url = f"{URL}/{made['id']}"
    seen = operator.send("GET", url).headers["etag"]

    renamed = operator.send("PATCH", url, json={"name": "Mine"}, headers={"If-Match": seen})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Mine")
    theirs = operator.send("PATCH", url, json={"name": "Theirs"}, headers={"If-Match": seen})
    assert theirs.status_code == 412
    assert operator.send("GET", url).json()["name"] == "Mine"
    last = {"If-Match": renamed.headers["etag"]}
    assert operator.send("PATCH", url, json={"name": "Last"}, headers=last).status_code == 200


def test_pages_follow_each_other(operator: Program) -> None:
    names = [f"Paged {number}" for number in range(5)]
    for number, name in enumerate(names):
        create(operator, name, f"paged{number}")
    found: list[str] = []
    cursor = ""
    while True:
        query = {"search": "Paged", "limit": "2", "cursor": cursor}
        page = operator.send("GET", URL, params=query).json()
        found += [each["name"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(found) == names


@pytest.mark.parametrize(
    ("method", "path", "given", "status"),
    [
        ("GET", "", {"params": {"limit": "0"}}, 422),
        ("GET", "", {"params": {"limit": "many"}}, 422),
        ("GET", "", {"params": {"colour": "red"}}, 422),
        ("GET", "", {"params": [("limit", "1"), ("limit", "2")]}, 422),
        ("GET", "", {"params": {"cursor": "nonsense"}}, 422),
        ("GET", "", {"params": {"state": "asleep"}}, 422),
        ("GET", "/nonsense", {}, 404),
        ("GET", "/5c4f6f0e-7d0f-4f0e-9d0a-3f8f5f1f2a10", {}, 404),
        ("POST", "", {"json": {"name": 7}}, 422),
        ("POST", "", {"json": {"name": "A", "nickname": "B"}}, 422),
        ("POST", "", {"json": ["name"]}, 422),
        ("POST", "", {"json": {"name": "A"}}, 400),
        ("POST", "", {"json": {"name": "A", "username": "b", "invite": "a@b.example"}}, 400),
        ("POST", "", {"content": b'{"name": "A", "name": "B"}', "headers": {}}, 415),
        ("POST", "", {"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ("POST", "", {"content": b" " * 10_000_000, "headers": {}}, 413),
        ("POST", "", {"json": NEW, "headers": {"Idempotency-Key": "short"}}, 400),
        ("POST", "", {"json": {}, "params": {"dry_run": "perhaps"}}, 422),
        ("POST", "", {"json": {}, "params": {"wet_run": "true"}}, 422),
        ("DELETE", "", {}, 405),
    ],
)
def test_a_mistake_is_said(
    operator: Program, method: str, path: str, given: dict[str, Any], status: int
) -> None:
    answer = operator.send(method, URL + path, **given)
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text


@pytest.mark.parametrize("scope", ["sandbox:organizations:write", "production:usage:read"])
def test_a_token_does_only_what_its_scope_says(server: InProcessServer, scope: str) -> None:
    other = Program(server, scope)
    assert other.send("GET", URL).status_code == 403
    assert create(other, "Not", "not").status_code == 403


def test_a_token_of_a_partner_is_refused(server: InProcessServer) -> None:
    partner = server.register()
    headers = {"Authorization": f"Bearer {server.token(partner)}"}
    assert server.send("GET", URL, headers=headers).status_code == 401
    assert server.send("GET", URL).status_code == 401


def test_the_sandbox_has_no_admin_api(server: InProcessServer, operator: Program) -> None:
    headers = {"Authorization": f"Bearer {operator.token}"}
    assert server.send("GET", URL, Mode.TEST, headers=headers).status_code == 404


def test_the_sandbox_is_administered_from_production(server: InProcessServer) -> None:
    operator = Program(server, "sandbox:organizations:write", "sandbox:organizations:read")
    url = f"{ADMIN}/sandbox/organizations"
    made = operator.send("POST", url, json={"name": "Sand", "username": "sandy"})
    org_id = made.json()["organization"]["id"]
    assert operator.send("GET", f"{url}/{org_id}").status_code == 200
    assert operator.send("GET", f"{URL}/{org_id}").status_code == 403


def test_the_audit_trail_names_the_application(operator: Program, server: InProcessServer) -> None:
    create(operator, "Audited", "audited")
    with server.environment().database.read() as connection:
        [(_, newest)] = audit.every(connection, limit=1)
    assert newest.actor == "operator"
    assert newest.detail["operator"] == f"Back office ({operator.client.client_id})"
