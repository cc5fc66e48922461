"""An application that is denied something leaves a log line and an audit entry, up to a limit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.audit import store
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.throttling.hourly_limit import MOST_ROWS, HourlyLimit
from server.partner_api.partner_client import Partner


@pytest.fixture(autouse=True)
def _fresh(partner: Partner) -> Iterator[None]:
    """The environment is shared by all tests: each begins with limits of its own."""
    partner.environment.context = replace(
        partner.environment.context, audit_limit=HourlyLimit(MOST_ROWS)
    )
    yield
    partner.environment.context = replace(
        partner.environment.context, audit_limit=HourlyLimit(MOST_ROWS)
    )


@pytest.mark.spec("ASVS", "16.3.2")
def test_an_organization_of_others_leaves_one_line_and_one_entry(
    partner: Partner, other: Partner
) -> None:
    logged = _denied(partner, "GET", other.org, 404)

    assert logged == [
        {
            "event": "access.denied",
            "log_level": "warning",
            "environment": "production",
            "org_id": str(partner.created.organization.id),
            "client_id": partner.registered.application.client_id,
            "method": "GET",
            "path": other.org,
            "source": "testclient",
            "status": 404,
            "reason": "not found in the organization",
        }
    ]
    (entry,) = _entries(partner)
    assert (entry.actor, entry.subject, entry.result) == ("billing", other.org, "refused")
    assert (entry.source, entry.detail["status"]) == ("testclient", "404")
    assert _entries(other) == []


def test_an_application_that_memory_does_not_keep_leaves_the_same(
    partner: Partner, other: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.token()
    monkeypatch.setattr(partner.environment.applications, "get", lambda _: None)

    partner.call("GET", other.org)
    partner.add_user()

    (entry,) = _entries(partner)
    assert (entry.actor, entry.subject) == ("billing", other.org)
    with partner.environment.database.read() as connection:
        entries = store.page(connection, partner.created.organization.id)
    assert [each.actor for _, each in entries if each.action == "person.added"] == [
        "billing",
        "operator",
    ]


def test_a_user_of_others_and_one_of_nobody_leave_the_same(
    partner: Partner, other: Partner
) -> None:
    theirs = f"{partner.users}/{other.add_user()['id']}"
    for path in (theirs, f"{partner.users}/{uuid4()}", f"{partner.users}/nonsense"):
        for method in ("GET", "DELETE"):
            assert len(_denied(partner, method, path, 404)) == 1

    assert len(_entries(partner)) == 6
    assert len({(each.actor, *sorted(each.detail.items())[1:]) for each in _entries(partner)}) == 1


def test_a_scope_that_is_missing_leaves_an_entry_that_names_it(partner: Partner) -> None:
    (line,) = _denied(partner, "POST", partner.users, 403, scope="read", json={})

    assert line["client_id"] == partner.registered.application.client_id
    (entry,) = _entries(partner)
    assert (entry.detail["status"], "write" in entry.detail["reason"]) == ("403", True)


def test_a_portal_user_that_is_not_to_be_changed_leaves_an_entry(partner: Partner) -> None:
    _denied(partner, "DELETE", partner.administrator, 403)

    assert [each.detail["status"] for each in _entries(partner)] == ["403"]


@pytest.mark.parametrize("path", ["/nonsense", "/org", "/org/"])
def test_a_path_without_a_call_is_no_denial(partner: Partner, path: str) -> None:
    base = partner.org.rpartition("/org/")[0]

    assert _denied(partner, "GET", base + path, 404) == []
    assert _entries(partner) == []


def test_without_a_token_there_is_nobody_to_name(partner: Partner) -> None:
    with capture_logs() as logged:
        partner.http.get(partner.org, headers={"Authorization": "Bearer nonsense"})

    assert [each for each in logged if each["event"] == "access.denied"] == []


@pytest.mark.parametrize("name", ["%00", "%0A%1B[31m", "x" * 5000, "%F0%9F%98%80", "%FF"])
def test_a_hostile_path_is_kept_short_and_printable(partner: Partner, name: str) -> None:
    _denied(partner, "GET", f"{partner.users}/{name}", 404)

    (entry,) = _entries(partner)
    assert entry.subject.isprintable()
    assert len(entry.subject) <= 200


def test_a_flood_leaves_a_few_lines_and_rows(partner: Partner, other: Partner) -> None:
    logged = []
    for _ in range(MOST_ROWS + 10):
        logged += _denied(partner, "GET", other.org, 404)

    assert (len(logged), len(_entries(partner))) == (MOST_ROWS, MOST_ROWS)
    now = partner.environment.clock()
    (summary,) = partner.environment.context.audit_limit.take(now, is_last=True)
    assert (summary.times, summary.org_id) == (10, partner.created.organization.id)


def _denied(
    partner: Partner,
    method: str,
    path: str,
    status: int,
    **given: Any,  # noqa: ANN401 - as Partner.call
) -> list[Any]:
    partner.token(given.get("scope", "read write"))
    with capture_logs() as logged:
        assert partner.call(method, path, **given).status_code == status
    return [each for each in logged if each["event"] == "access.denied"]


def _entries(partner: Partner) -> list[Entry]:
    with partner.environment.database.read() as connection:
        found = store.page(connection, partner.created.organization.id)
    return [each for _, each in found if each.action == "access.denied"]
