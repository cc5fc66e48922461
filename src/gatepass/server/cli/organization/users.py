"""`gatepass organization people` and `gatepass organization users`."""

from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import opened, reading_options
from gatepass.server.cli.terminal import options, printing

_NOBODY = "No user has access. Add one: gatepass organization add-admin"
_EXPIRED = "initial password expired; set a new one: gatepass organization reset-password"


@click.command("people", epilog=example("gatepass organization people ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@reading_options
def people(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the users of an organization who have portal access, and whether they can log in."""
    with opened(target) as operations:
        found = list(every(operations, "person.list", {"org_id": org_id}))
    rows = [
        {
            "username": each["username"],
            "role": each["role"],
            "created_at": moment(each["created_at"]),
            "state": _EXPIRED if each["state"] == "initial_password_expired" else each["state"],
        }
        for each in found
    ]
    printing.show_list(rows, _NOBODY, is_json=is_json)


@click.command(
    "users",
    epilog=example(
        "gatepass organization users ORG_ID",
        "gatepass organization users ORG_ID --all --json-lines",
    ),
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--all", "of_all", is_flag=True, help="Also those without access to the portal.")
@reading_options
def users_(org_id: str, target: options.Target, *, of_all: bool, is_json: bool) -> None:
    """List the users of an organization: role, state and last login, oldest first.

    Those without access to the portal were made by the organization's programs (Partner API).
    """
    with opened(target) as operations:
        wanted = {"org_id": org_id, "everybody": of_all}
        rows = [_row(each) for each in every(operations, "person.list", wanted)]
    printing.show_list(rows, _NOBODY, is_json=is_json)


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "user_id": found["id"],
        "username": found["username"],
        "name": found["name"] or None,
        "email": found["email"],
        "role": found["role"],
        "last_login_at": moment(found["last_login_at"]),
        "state": _state(found),
    }


def _state(found: dict[str, Any]) -> str:
    if found["state"] != "active":
        return str(found["state"]).replace("_", " ")
    if found["has_initial_password"]:
        return "initial password"
    return "active" if found["has_portal_access"] else "no portal access"
