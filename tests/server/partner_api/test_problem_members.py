"""Every error of the Partner API is a problem document with the same members."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from gatepass.server.storage.database import Database, sqlite_url
from gatepass.wire.metadata import PARTNER_API
from server.partner_api.partner_client import Partner, use_database

MEMBERS = {"type", "title", "status", "detail", "errors"}
JSON = {"Content-Type": "application/json"}
USER = b'{"email": "a@example.com", "role": "user"}'


def _create(**given: Any) -> Callable[[Partner], Response]:  # noqa: ANN401 - as the client takes them
    return lambda partner: partner.call("POST", partner.users, **given)


ERRORS: dict[str, tuple[int, Callable[[Partner], Response]]] = {
    "no token": (401, lambda partner: partner.http.get(partner.org)),
    "bad token": (
        401,
        lambda partner: partner.http.get(partner.org, headers={"Authorization": "Bearer x"}),
    ),
    "two tokens": (
        400,
        lambda partner: partner.http.get(
            partner.org, headers=[("Authorization", "Bearer x"), ("Authorization", "Bearer y")]
        ),
    ),
    "scope": (403, lambda partner: partner.call("POST", partner.users, scope="read", json={})),
    "portal user": (
        403,
        lambda partner: partner.call("PATCH", partner.administrator, json={"role": "user"}),
    ),
    "no such route": (404, lambda partner: partner.call("GET", f"{PARTNER_API}/nothing")),
    "no such file": (404, lambda partner: partner.call("GET", f"{PARTNER_API}/docs/nothing")),
    "no such user": (404, lambda partner: partner.call("GET", f"{partner.users}/{'0' * 8}")),
    "method": (405, lambda partner: partner.call("PUT", partner.org)),
    "method of the docs": (405, lambda partner: partner.call("POST", f"{PARTNER_API}/docs")),
    "method of the document": (
        405,
        lambda partner: partner.call("POST", f"{PARTNER_API}/openapi.json"),
    ),
    "conflict": (
        409,
        lambda partner: partner.call(
            "POST", partner.users, json={"email": partner.add_user()["email"], "role": "user"}
        ),
    ),
    "size": (413, _create(content=USER.ljust(64 * 1024 + 1), headers=JSON)),
    "media type": (415, _create(content=b"x", headers={"Content-Type": "text/plain"})),
    "coding": (415, _create(content=USER, headers={**JSON, "Content-Encoding": "gzip"})),
    "host": (421, lambda partner: partner.http.get(partner.org, headers={"Host": "a.example"})),
    "not JSON": (400, _create(content=b"{", headers=JSON)),
    "no object": (422, _create(json=[])),
    "field": (422, _create(json={"email": "a@example.com", "role": "owner"})),
    "parameter": (422, lambda partner: partner.call("GET", partner.users, params={"limit": "x"})),
}


@pytest.mark.spec("RFC 9457", "3.1")
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_the_same_members_whatever_is_wrong(partner: Partner, name: str) -> None:
    status, ask = ERRORS[name]

    response = ask(partner)

    _check(response, status)


@pytest.mark.parametrize(("database", "status"), [("away", 503), ("broken", 500)])
def test_so_has_an_error_of_ours(
    partner: Partner,
    database: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partner.call("GET", partner.org)
    away: object = Database(sqlite_url(tmp_path / "nowhere" / "x.sqlite3"))
    use_database(partner, monkeypatch, away if database == "away" else "none")

    _check(partner.call("GET", partner.users), status)


@pytest.mark.spec("RFC 9110", "10.2.3")
def test_a_server_that_is_stale_says_when_to_come_again(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = partner.token()
    monkeypatch.setattr(partner.environment, "is_stale", lambda: True)

    response = partner.http.get(partner.org, headers={"Authorization": f"Bearer {token}"})

    _check(response, 503)
    assert response.headers["retry-after"]


def test_only_errors_of_fields_name_any(partner: Partner) -> None:
    named = partner.call("POST", partner.users, json={"email": "a@example.com", "role": "owner"})
    other = partner.call("GET", f"{PARTNER_API}/nothing")

    assert [error["field"] for error in named.json()["errors"]] == ["role"]
    assert other.json()["errors"] == []


def test_the_description_requires_every_member(partner: Partner) -> None:
    document = partner.http.get(f"{PARTNER_API}/openapi.json").json()

    assert set(document["components"]["schemas"]["ProblemDocument"]["required"]) == MEMBERS


def _check(response: Response, status: int) -> None:
    problem = json.loads(response.content)
    assert response.status_code == problem["status"] == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert set(problem) == MEMBERS
    assert problem["title"]
    assert problem["detail"]
