import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from commands import Ran
from server.cli import inside
from server.cli.conftest import Command, made


@pytest.fixture
def command(tmp_path: Path) -> Command:
    data = made(tmp_path / "data")

    def run(*arguments: str) -> Ran:
        return inside.run(*arguments, data=data)

    return run


@pytest.fixture
def operated(command: Command) -> Command:
    """With olga, an owner, and mara, an account manager of production."""
    for arguments in (
        ("olga", "--role", "owner", "--email", "olga@operator.example"),
        ("mara", "--role", "account_manager", "--environment", "production"),
    ):
        ran = command("operator", "add", *arguments)
        assert ran.status == 0, ran.err
    return command


def operators(command: Command) -> dict[str, Any]:
    rows = json.loads(command("operator", "list", "--json").out)
    return {row["username"]: row for row in rows}


def test_the_first_operator_must_be_an_owner_of_production(command: Command) -> None:
    other = command("operator", "add", "olga", "--role", "security")
    of_sandbox = command("operator", "add", "olga", "--role", "owner", "--environment", "sandbox")
    owner = command("operator", "add", "olga", "--role", "owner", "--json")

    assert (other.status, of_sandbox.status, owner.status) == (1, 1, 0)
    assert "must be an owner of production" in other.err
    given = json.loads(owner.out)
    assert (given["username"], given["environment"]) == ("olga", "production")
    assert len(given["initial_password"]) >= 15


def test_the_list_says_the_roles_in_each_environment(operated: Command) -> None:
    found = operators(operated)

    assert (found["olga"]["production"], found["olga"]["sandbox"]) == (["owner"], ["owner"])
    assert (found["mara"]["production"], found["mara"]["sandbox"]) == (["account_manager"], [])
    assert found["olga"]["state"] == "active"
    lines = operated("operator", "list", "--json-lines").out.splitlines()
    assert [json.loads(line)["username"] for line in lines] == ["olga", "mara"]


def test_roles_of_one_environment_are_set_and_those_of_the_other_stay(operated: Command) -> None:
    operated("operator", "roles", "mara", "--role", "security", "--environment", "sandbox")
    both = operators(operated)["mara"]
    operated("operator", "roles", "mara", "--none", "--environment", "production")
    one = operators(operated)["mara"]

    assert (both["production"], both["sandbox"]) == (["account_manager"], ["security"])
    assert (one["production"], one["sandbox"]) == ([], ["security"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("operator", "remove", "olga", "--yes"),
        ("operator", "disable", "olga", "--yes"),
        ("operator", "roles", "olga", "--role", "security"),
        ("operator", "roles", "olga", "--none"),
        ("user", "disable", "olga", "--yes"),
    ],
)
def test_production_keeps_an_owner_who_can_log_in(
    operated: Command, arguments: tuple[str, ...]
) -> None:
    refused = operated(*arguments)
    operated("operator", "roles", "mara", "--role", "owner")
    allowed = operated(*arguments)

    assert refused.status == 1
    assert "last owner of production" in refused.err
    assert allowed.status == 0, allowed.err


def test_an_owner_who_is_disabled_is_not_counted(operated: Command) -> None:
    operated("operator", "roles", "mara", "--role", "owner")
    operated("operator", "disable", "mara", "--yes")

    assert operated("operator", "remove", "olga", "--yes").status == 1
    assert operated("operator", "enable", "mara").status == 0
    assert operated("operator", "remove", "olga", "--yes").status == 0
    assert list(operators(operated)) == ["mara"]


def test_a_username_of_a_partner_is_taken_and_the_reason_is_said(operated: Command) -> None:
    operated("organization", "create", "Acme", "--admin", "anna")

    taken = operated("operator", "add", "Anna", "--role", "security")
    other_way = operated("organization", "create", "Bolt", "--admin", "olga")

    assert taken.status == other_way.status == 1
    assert "share the usernames" in taken.err


def test_a_reset_prints_a_new_initial_password(operated: Command) -> None:
    given = json.loads(operated("operator", "reset", "mara", "--yes", "--json").out)

    assert (given["username"], len(given["initial_password"]) >= 15) == ("mara", True)


def test_a_second_factor_is_required_until_an_owner_decides_otherwise(operated: Command) -> None:
    org_id = json.loads(operated("operator", "reset", "mara", "--yes", "--json").out)["org_id"]

    def second_factor() -> object:
        ran = operated("policy", "show", "--organization", org_id, "--json")
        return next(row for row in json.loads(ran.out) if row["field"] == "second-factor")[
            "in_force"
        ]

    at_first = second_factor()
    operated("operator", "require-second-factor", "off")
    then = second_factor()
    operated("operator", "require-second-factor", "on")

    assert (at_first, then, second_factor()) == ("required", "optional", "required")


Arguments = Callable[[str], tuple[str, ...]]
PARTNERS_COMMANDS: dict[str, Arguments] = {
    "show": lambda org_id: ("organization", "show", org_id),
    "suspend": lambda org_id: ("organization", "suspend", org_id, "--yes"),
    "resume": lambda org_id: ("organization", "resume", org_id),
    "rename": lambda org_id: ("organization", "rename", org_id, "Other"),
    "add-admin": lambda org_id: ("organization", "add-admin", org_id, "--admin", "eve"),
    "invite": lambda org_id: ("organization", "invite", org_id, "eve@example.com"),
    "people": lambda org_id: ("organization", "people", org_id),
    "user list": lambda org_id: ("user", "list", "--organization", org_id),
}


@pytest.mark.parametrize("name", PARTNERS_COMMANDS)
def test_commands_on_partners_do_not_find_the_operating_organization(
    operated: Command, name: str
) -> None:
    org_id = json.loads(operated("operator", "reset", "mara", "--yes", "--json").out)["org_id"]

    ran = operated(*PARTNERS_COMMANDS[name](org_id))

    assert ran.status == 1
    assert "was not found" in ran.err


def test_lists_of_partners_leave_the_operators_out(operated: Command) -> None:
    before = operated("organization", "list").out
    operated("organization", "create", "Acme", "--admin", "anna")

    organizations = json.loads(operated("organization", "list", "--json").out)
    users = json.loads(operated("user", "list", "--json").out)

    assert "No organizations" in before
    assert [each["name"] for each in organizations] == ["Acme"]
    assert [each["username"] for each in users] == ["anna"]


def test_the_audit_trail_names_the_systems_user_and_the_roles(operated: Command) -> None:
    entries = json.loads(operated("audit", "list", "--action", "operator.", "--json").out)

    assert [each["subject"] for each in entries] == ["mara", "olga"]
    assert entries[0]["detail"]["roles"] == "production: account_manager"
    assert entries[0]["detail"]["operator"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "olga"),
        ("add", "--role", "owner"),
        ("add", "olga", "--role", "king"),
        ("add", "olga", "--invite", "o@example.com", "--role", "owner"),
        ("roles", "olga"),
        ("roles", "olga", "--none", "--role", "owner"),
    ],
)
def test_a_command_that_says_too_little_or_too_much_is_refused_with_status_2(
    command: Command, arguments: tuple[str, ...]
) -> None:
    assert command("operator", *arguments).status == 2


def test_somebody_of_a_partner_is_no_operator(operated: Command) -> None:
    operated("organization", "create", "Acme", "--admin", "anna")

    for name in ("roles", "remove", "reset", "disable"):
        more = ("--role", "owner") if name == "roles" else ("--yes",)
        ran = operated("operator", name, "anna", *more)
        assert ran.status == 1
        assert "anna was not found" in ran.err


def test_without_mail_an_invitation_is_refused_and_leaves_nothing(command: Command) -> None:
    ran = command("operator", "add", "--invite", "olga@operator.example", "--role", "owner")

    assert ran.status == 1
    assert "mail.host" in ran.err
    assert operators(command) == {}
