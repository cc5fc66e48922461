"""`gatepass application rotate`, `revoke-tokens`, `usage` and `refusals`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepass.wire.secret import Secret
from server.cli.conftest import Command
from server.cli.inside import run
from server.fixtures import open_server


@pytest.fixture(scope="module")
def org_id(gatepass: Command) -> str:
    ran = gatepass("organization", "create", "Acme Energy", "--admin", "anna", "--json")
    return str(json.loads(ran.out)["org_id"])


def create(gatepass: Command, org_id: str) -> dict[str, str]:
    ran = gatepass("application", "create", "--organization", org_id, "--name", "B", "--json")
    created: dict[str, str] = json.loads(ran.out)
    return created


def show(gatepass: Command, client_id: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(gatepass("application", "show", client_id, "--json").out)
    return shown


def test_a_rotation_prints_the_new_secret_and_the_old_one_works_on(
    gatepass: Command, org_id: str
) -> None:
    created = create(gatepass, org_id)

    ran = gatepass("application", "rotate", created["client_id"], "--json")

    made = json.loads(ran.out)
    new, old = show(gatepass, created["client_id"])["secrets"]
    assert made["client_secret"].endswith(new["ends_with"])
    assert created["client_secret"].endswith(old["ends_with"])
    until = datetime.fromisoformat(old["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < until <= timedelta(hours=24)


def test_a_rotation_without_an_overlap_ends_the_old_secret(gatepass: Command, org_id: str) -> None:
    created = create(gatepass, org_id)

    made = gatepass("application", "rotate", created["client_id"], "--overlap", "none", "--json")

    [only] = show(gatepass, created["client_id"])["secrets"]
    assert json.loads(made.out)["client_secret"].endswith(only["ends_with"])


def test_a_rotation_can_end_the_old_secret_at_the_first_use_of_the_new_one(
    gatepass: Command, org_id: str
) -> None:
    created = create(gatepass, org_id)

    ran = gatepass("application", "rotate", created["client_id"], "--overlap", "until-used")

    assert ran.status == 0
    assert "The secret is shown only now." in ran.out
    assert [each["expires_at"] for each in show(gatepass, created["client_id"])["secrets"]] == [
        None,
        None,
    ]


@pytest.mark.parametrize("end", ["yesterday", "0", "2001-01-01"])
def test_an_end_that_is_none_is_refused_and_nothing_is_made(
    gatepass: Command, org_id: str, end: str
) -> None:
    created = create(gatepass, org_id)

    ran = gatepass("application", "rotate", created["client_id"], "--secret-end", end)

    assert (ran.status, ran.out) == (1, "")
    assert len(show(gatepass, created["client_id"])["secrets"]) == 1


def test_tokens_are_revoked_after_a_confirmation(gatepass: Command, org_id: str) -> None:
    created = create(gatepass, org_id)

    asked = gatepass("application", "revoke-tokens", created["client_id"])
    before = show(gatepass, created["client_id"])["tokens_revoked_before"]
    done = gatepass("application", "revoke-tokens", created["client_id"], "--yes")

    assert asked.status == 1
    assert "--yes" in asked.err
    assert before is None
    assert done.status == 0
    assert show(gatepass, created["client_id"])["tokens_revoked_before"]


@pytest.mark.parametrize("command", ["rotate", "revoke-tokens", "usage", "refusals"])
def test_an_application_that_is_not_there_is_named(gatepass: Command, command: str) -> None:
    ran = gatepass("application", command, "gpc_live_nothing")

    assert ran.status == 1
    assert "gpc_live_nothing was not found" in ran.err


def test_usage_and_refusals_say_what_a_program_did(data: Path) -> None:
    with open_server(data) as server:
        client = server.register()
        wrong = client.having(Secret("wrong"))
        asked = [server.ask(by).status_code for by in (client, client, wrong)]
    assert asked == [200, 200, 401]

    shown = ("application", "usage", client.client_id, "--json")
    usage = json.loads(run(*shown, data=data).out)
    refused = json.loads(run("application", "refusals", *shown[2:], data=data).out)

    assert [(each["issued"], each["refused"]) for each in usage] == [(2, 1)]
    assert [(each["times"], each["reason"]) for each in refused] == [(1, "Wrong secret")]


def test_without_requests_they_say_so(gatepass: Command, org_id: str) -> None:
    client_id = create(gatepass, org_id)["client_id"]

    assert "requested no token" in gatepass("application", "usage", client_id).out
    assert "No request" in gatepass("application", "refusals", client_id).out
