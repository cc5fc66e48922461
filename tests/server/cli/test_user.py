import json
import re

import pytest

from server.cli.conftest import Command


@pytest.fixture(scope="module")
def acme(gatepass: Command) -> str:
    created = gatepass("organization", "create", "Acme", "--admin", "anna", "--json")
    org_id = str(json.loads(created.out)["org_id"])
    gatepass("organization", "add-admin", org_id, "--admin", "ben", "--email", "ben@acme.example")
    gatepass("organization", "create", "Bolt", "--admin", "bo")
    return org_id


def state_of(gatepass: Command, username: str) -> str:
    rows = json.loads(gatepass("user", "list", "--json").out)
    return str(next(row["state"] for row in rows if row["username"] == username))


def test_the_list_names_everybody_with_organization_address_and_state(
    gatepass: Command, acme: str
) -> None:
    rows = json.loads(gatepass("user", "list", "--json").out)
    of_acme = json.loads(gatepass("user", "list", "--organization", acme, "--json").out)
    of_address = json.loads(gatepass("user", "list", "--email", "BEN@acme.example", "--json").out)

    assert {row["username"] for row in rows} == {"anna", "ben", "bo"}
    assert {row["username"] for row in of_acme} == {"anna", "ben"}
    [ben] = of_address
    assert (ben["organization"], ben["role"], ben["email_confirmed"]) == ("Acme", "admin", None)
    assert "Acme" in gatepass("user", "list").out


def test_a_reset_prints_an_initial_password_once(gatepass: Command, acme: str) -> None:
    ran = gatepass("user", "reset", "Anna", "--yes", "--json")

    given = json.loads(ran.out)
    assert (given["username"], given["org_id"]) == ("anna", acme)
    assert len(given["initial_password"]) >= 15
    assert given["initial_password"] not in gatepass("user", "list", "--json").out


@pytest.mark.usefixtures("acme")
def test_somebody_is_disabled_and_enabled_and_the_last_administrator_is_not(
    gatepass: Command,
) -> None:
    assert gatepass("user", "disable", "ben", "--yes").status == 0
    assert state_of(gatepass, "ben") == "disabled"
    last = gatepass("user", "disable", "anna", "--yes")
    assert gatepass("user", "enable", "ben").status == 0

    assert state_of(gatepass, "ben") == "active"
    assert last.status == 1
    assert "last administrator" in last.err
    assert state_of(gatepass, "anna") == "active"


@pytest.mark.usefixtures("acme")
@pytest.mark.spec("ASVS", "7.4.5")
def test_sessions_are_ended_by_name(gatepass: Command) -> None:
    ran = gatepass("user", "end-sessions", "bo")

    assert (ran.status, ran.out) == (0, "All sessions of bo have ended.\n")


@pytest.mark.usefixtures("acme")
def test_the_second_factors_of_somebody_are_reset(gatepass: Command) -> None:
    ran = gatepass("user", "reset-factors", "bo", "--yes")

    assert (ran.status, ran.out) == (0, "bo had 0 second factors; they are removed.\n")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", ["reset", "disable", "enable", "end-sessions", "reset-factors"])
def test_a_name_that_nobody_has_is_one_line_and_status_1(gatepass: Command, name: str) -> None:
    more = ["--yes"] if name in {"reset", "disable", "reset-factors"} else []

    ran = gatepass("user", name, "nobody", *more)

    assert (ran.status, ran.out) == (1, "")
    assert re.fullmatch(r"Error: nobody was not found\..*\n", ran.err)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", ["reset", "disable", "reset-factors"])
def test_nothing_dangerous_is_done_without_a_confirmation(gatepass: Command, name: str) -> None:
    ran = gatepass("user", name, "ben")

    assert (ran.status, ran.out) == (1, "")
    assert "--yes" in ran.err
    assert state_of(gatepass, "ben") == "active"


@pytest.mark.usefixtures("acme")
def test_the_sessions_of_everybody_end_after_a_confirmation(gatepass: Command) -> None:
    asked = gatepass("user", "end-sessions", "--all")
    ran = gatepass("user", "end-sessions", "--all", "--yes")

    assert (asked.status, asked.out) == (1, "")
    assert (ran.status, ran.out) == (0, "Ended 0 sessions.\n")


@pytest.mark.parametrize("arguments", [(), ("bo", "--all")])
def test_whose_sessions_end_is_said_in_one_way(
    gatepass: Command, arguments: tuple[str, ...]
) -> None:
    ran = gatepass("user", "end-sessions", *arguments)

    assert ran.status == 2
    assert "Give either a username, or --all." in ran.err
