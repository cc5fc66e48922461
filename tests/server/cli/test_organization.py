import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from commands import run_in_process as run
from server.cli.conftest import Command


def test_an_organization_is_created_on_an_empty_data_directory_with_its_administrator(
    data: Path,
) -> None:
    ran = run("organization", "create", "Acme Energy", "--admin", "Anna", "--json", "--data", data)

    created = json.loads(ran.out)
    assert set(created) == {"org_id", "environment", "username", "initial_password", "login_url"}
    assert UUID(created["org_id"]).version == 4
    assert (created["environment"], created["username"]) == ("production", "anna")
    assert len(created["initial_password"]) >= 15
    assert created["login_url"] == "http://localhost:8000/accounts/login/"


def test_the_data_directory_that_a_command_makes_is_the_operators_alone(data: Path) -> None:
    run("organization", "create", "Acme", "--admin", "anna", "--data", data)

    modes = {path.name: path.stat().st_mode & 0o777 for path in (data, *data.iterdir())}
    assert modes.pop("data") == 0o700
    assert set(modes.values()) == {0o600}
    assert {"master.key", "production.sqlite3", "sandbox.sqlite3"} <= set(modes)


def test_an_organization_of_the_sandbox_is_not_in_production(data: Path) -> None:
    where = ("--data", data)
    sandbox = ("--environment", "sandbox", *where)
    created = json.loads(
        run("organization", "create", "Beta", "--admin", "ben", *sandbox, "--json").out
    )

    inside = run("organization", "show", created["org_id"], *sandbox, "--json")
    outside = run("organization", "show", created["org_id"], *where)

    assert json.loads(inside.out)["name"] == "Beta"
    assert (outside.status, outside.out) == (1, "")
    assert outside.err.count("\n") == 1
    assert "--environment" in outside.err


def test_the_initial_password_is_shown_once_and_never_again(gatepass: Command) -> None:
    created = json.loads(
        gatepass("organization", "create", "Gamma", "--admin", "gabi", "--json").out
    )

    later = [
        gatepass("organization", "show", created["org_id"]),
        gatepass("organization", "list"),
        gatepass("organization", "list", "--json"),
    ]

    assert all(created["initial_password"] not in ran.out + ran.err for ran in later)


def test_suspending_and_resuming_show_in_the_list(gatepass: Command) -> None:
    created = json.loads(
        gatepass("organization", "create", "Delta", "--admin", "dora", "--json").out
    )
    org_id = created["org_id"]

    states = []
    for action in (("suspend", "--yes"), ("resume",)):
        ran = gatepass("organization", *action, org_id)
        assert ran.status == 0
        assert "revoked" in ran.out
        listed = json.loads(gatepass("organization", "list", "--json").out)
        states += [row["state"] for row in listed if row["org_id"] == org_id]

    assert states == ["suspended", "active"]


def test_the_human_output_has_a_line_for_each_value_and_says_that_it_is_shown_once(
    gatepass: Command,
) -> None:
    ran = gatepass("organization", "create", "Epsilon", "--admin", "eva")

    values = dict(line.split(None, 1) for line in ran.out.splitlines()[:5])
    assert values["environment:"] == "production"
    assert values["username:"] == "eva"
    assert "shown only now" in ran.out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("create", "", "--admin", "zoe"), id="an empty name"),
        pytest.param(("create", "x" * 101, "--admin", "zoe"), id="a name that is too long"),
        pytest.param(("create", "Zeta", "--admin", "no spaces"), id="a username with a space"),
        pytest.param(("create", "Zeta", "--admin", "zoe", "--email", "@"), id="no email address"),
        pytest.param(("show", str(UUID(int=1))), id="an id that nothing has"),
        pytest.param(("suspend", "not-an-id"), id="a text that is no id"),
    ],
)
def test_a_refusal_is_one_line_on_standard_error_and_status_1(
    gatepass: Command, arguments: tuple[str, ...]
) -> None:
    ran = gatepass("organization", *arguments)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_a_username_that_is_taken_is_refused_and_nothing_is_left_behind(gatepass: Command) -> None:
    gatepass("organization", "create", "Eta", "--admin", "taken")

    ran = gatepass("organization", "create", "Theta", "--admin", "taken")

    assert (ran.status, ran.err) == (1, "Error: This username is taken. Choose another.\n")
    assert "Theta" not in gatepass("organization", "list").out


def test_wrong_usage_is_status_2(gatepass: Command) -> None:
    assert gatepass("organization", "create", "Iota").status == 2
    assert gatepass("organization", "create", "I", "--admin", "i", "--environment", "x").status == 2


def test_an_administrator_can_be_added_to_an_organization_that_is_there(gatepass: Command) -> None:
    created = json.loads(
        gatepass("organization", "create", "Kappa", "--admin", "kim", "--json").out
    )
    add = ("organization", "add-admin", created["org_id"], "--admin")

    added = json.loads(gatepass(*add, "kai", "--email", "kai@example.com", "--json").out)
    again = gatepass(*add, "kai")

    assert (added["org_id"], added["username"]) == (created["org_id"], "kai")
    assert added["initial_password"] != created["initial_password"]
    assert (again.status, again.err) == (1, "Error: This username is taken. Choose another.\n")
    assert "shown only now" in gatepass(*add, "kurt").out


@pytest.mark.parametrize("org_id", [str(UUID(int=1)), "not-an-id"])
def test_an_administrator_of_no_organization_is_refused(gatepass: Command, org_id: str) -> None:
    ran = gatepass("organization", "add-admin", org_id, "--admin", "lou")

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)


def test_who_has_access_is_listed_with_a_state_and_without_a_password(gatepass: Command) -> None:
    created = json.loads(gatepass("organization", "create", "Zeta", "--admin", "zoe", "--json").out)

    ran = gatepass("organization", "people", created["org_id"], "--json")

    [zoe] = json.loads(ran.out)
    assert (zoe["username"], zoe["role"], zoe["state"]) == ("zoe", "admin", "active")
    assert created["initial_password"] not in ran.out


def test_an_expired_initial_password_is_shown_and_renewed(data: Path) -> None:
    created = json.loads(
        run("organization", "create", "Eta", "--admin", "edda", "--json", "--data", data).out
    )
    org_id = created["org_id"]
    _make_older(data, days=14)

    before = run("organization", "people", org_id, "--data", data).out
    renewed = run(
        *("organization", "reset-password", org_id, "--username", "Edda", "--json"), "--data", data
    )
    after = run("organization", "people", org_id, "--data", data).out

    assert "initial password expired; set a new one: gatepass organization reset-password" in before
    assert json.loads(renewed.out)["username"] == "edda"
    assert json.loads(renewed.out)["initial_password"] != created["initial_password"]
    assert "expired" not in after


@pytest.mark.parametrize("username", ["nobody", "otto"])
def test_a_password_is_reset_only_for_people_of_the_organization(
    gatepass: Command, username: str
) -> None:
    mine = json.loads(
        gatepass("organization", "create", "Theta", "--admin", f"t-{username}", "--json").out
    )
    gatepass("organization", "create", "Other", "--admin", "otto")

    ran = gatepass("organization", "reset-password", mine["org_id"], "--username", username)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.count("\n") == 1


def _make_older(data: Path, days: int) -> None:
    with closing(sqlite3.connect(data / "production.sqlite3", isolation_level=None)) as database:
        database.execute(
            "UPDATE person SET initial_password_at = initial_password_at - ?", (days * 86_400_000,)
        )


def test_the_users_of_an_organization_are_listed_with_role_state_and_last_login(
    gatepass: Command,
) -> None:
    created = gatepass("organization", "create", "Users Ltd", "--admin", "ursa", "--json")
    org_id = str(json.loads(created.out)["org_id"])
    gatepass("organization", "add-admin", org_id, "--admin", "uwe", "--email", "uwe@u.example")
    gatepass("user", "disable", "uwe", "--yes")

    rows = json.loads(gatepass("organization", "users", org_id, "--json").out)
    lines = gatepass("organization", "users", org_id, "--all", "--json-lines").out.splitlines()

    assert [(row["username"], row["state"]) for row in rows] == [
        ("ursa", "initial password"),
        ("uwe", "disabled"),
    ]
    assert {row["role"] for row in rows} == {"admin"}
    assert rows[1]["email"] == "uwe@u.example"
    assert rows[0]["last_login_at"] is None
    assert [json.loads(line)["username"] for line in lines] == ["ursa", "uwe"]
