import json
import re

import pytest

from server.cli.conftest import Command


@pytest.fixture(scope="module")
def acme(command: Command) -> str:
    created = command("organization", "create", "Acme", "--admin", "anna", "--json")
    org_id = str(json.loads(created.out)["org_id"])
    command("organization", "add-admin", org_id, "--admin", "ben", "--email", "ben@acme.example")
    command("organization", "create", "Bolt", "--admin", "bo")
    return org_id


def state_of(command: Command, username: str) -> str:
    rows = json.loads(command("user", "list", "--json").out)
    return str(next(row["state"] for row in rows if row["username"] == username))


def test_the_list_names_everybody_with_organization_address_and_state(
    command: Command, acme: str
) -> None:
    rows = json.loads(command("user", "list", "--json").out)
    of_acme = json.loads(command("user", "list", "--organization", acme, "--json").out)
    of_address = json.loads(command("user", "list", "--email", "BEN@acme.example", "--json").out)

    assert {row["username"] for row in rows} == {"anna", "ben", "bo"}
    assert {row["username"] for row in of_acme} == {"anna", "ben"}
    [ben] = of_address
    assert (ben["organization"], ben["role"], ben["email_confirmed"]) == ("Acme", "admin", None)
    assert "Acme" in command("user", "list").out


def test_a_reset_prints_an_initial_password_once(command: Command, acme: str) -> None:
    ran = command("user", "reset", "Anna", "--yes", "--json")

    given = json.loads(ran.out)
    assert (given["username"], given["org_id"]) == ("anna", acme)
    assert len(given["initial_password"]) >= 15
    assert given["initial_password"] not in command("user", "list", "--json").out


@pytest.mark.usefixtures("acme")
def test_somebody_is_disabled_and_enabled_and_the_last_administrator_is_not(
    command: Command,
) -> None:
    assert command("user", "disable", "ben", "--yes").status == 0
    assert state_of(command, "ben") == "disabled"
    last = command("user", "disable", "anna", "--yes")
    assert command("user", "enable", "ben").status == 0

    assert state_of(command, "ben") == "active"
    assert last.status == 1
    assert "last administrator" in last.err
    assert state_of(command, "anna") == "active"


@pytest.mark.usefixtures("acme")
@pytest.mark.spec("ASVS", "7.4.5")
def test_sessions_are_ended_by_name(command: Command) -> None:
    ran = command("user", "end-sessions", "bo")

    assert (ran.status, ran.out) == (0, "All sessions of bo have ended.\n")


@pytest.mark.usefixtures("acme")
def test_the_second_factors_of_somebody_are_reset(command: Command) -> None:
    ran = command("user", "reset-factors", "bo", "--yes")

    assert (ran.status, ran.out) == (0, "bo had 0 second factors; they are removed.\n")


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", ["reset", "disable", "enable", "end-sessions", "reset-factors"])
def test_a_name_that_nobody_has_is_one_line_and_status_1(command: Command, name: str) -> None:
    more = ["--yes"] if name in {"reset", "disable", "reset-factors"} else []

    ran = command("user", name, "nobody", *more)

    assert (ran.status, ran.out) == (1, "")
    assert re.fullmatch(r"Error: nobody was not found\..*\n", ran.err)


@pytest.mark.usefixtures("acme")
@pytest.mark.parametrize("name", ["reset", "disable", "reset-factors"])
def test_nothing_dangerous_is_done_without_a_confirmation(command: Command, name: str) -> None:
    ran = command("user", name, "ben")

    assert (ran.status, ran.out) == (1, "")
    assert "--yes" in ran.err
    assert state_of(command, "ben") == "active"


@pytest.mark.usefixtures("acme")
def test_the_sessions_of_everybody_end_after_a_confirmation(command: Command) -> None:
    asked = command("user", "end-sessions", "--all")
    ran = command("user", "end-sessions", "--all", "--yes")

    assert (asked.status, asked.out) == (1, "")
    assert (ran.status, ran.out) == (0, "Ended 0 sessions.\n")


@pytest.mark.parametrize("arguments", [(), ("bo", "--all")])
def test_whose_sessions_end_is_said_in_one_way(
    command: Command, arguments: tuple[str, ...]
) -> None:
    ran = command("user", "end-sessions", *arguments)

    assert ran.status == 2
    assert "Give either a username, or --all." in ran.err
