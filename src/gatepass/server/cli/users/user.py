"""`gatepass user`: the people who log in to the portal, for when they cannot."""

from collections.abc import Iterator
from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import Operations, every, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.cli.users.access import find_person, show_access
from gatepass.server.storage.errors import NotFoundError

_RESET = "Set an initial password for {} in {}? The current one and all their sessions end at once."
_RESET_FACTORS = (
    "Remove all second factors of {} in {}? They are logged out, and the login then needs the "
    "password alone."
)
_DISABLE = "Disable {} in {}? They are logged out and cannot log in until they are enabled."

_END_ALL = "End the sessions of everybody in {}? They can log in again."


@click.group(cls=CommandGroup, epilog=example("gatepass user list"))
def user() -> None:
    """List the people who log in to the portal, and help those who cannot."""


@user.command("list", epilog=example("gatepass user list", "gatepass user list --email anna@a.co"))
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="Only those of this organization.",
)
@click.option("--email", help="Only those with this email address.")
@reading_options
def list_(org_id: str | None, email: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the people with portal access: their organization, role and state."""
    with opened(target) as operations:
        found = (
            _with_email(operations, email, org_id) if email else _every_person(operations, org_id)
        )
        rows = [_row(*each) for each in found]
    nothing = f"Nobody logs in to the portal of {operations.environment_name}."
    printing.show_list(rows, nothing, is_json=is_json)


def _every_person(operations: Operations, org_id: str | None) -> Iterator[tuple[str, Any]]:
    """Return the organization's name and each person, of one organization or of all."""
    if org_id:
        owners = [operations.perform("organization.show", {"org_id": org_id}).result]
    else:
        owners = list(every(operations, "organization.list", {}))[::-1]
    for owner in owners:
        for each in every(operations, "person.list", {"org_id": owner["id"]}):
            yield owner["name"], each


def _with_email(
    operations: Operations, email: str, org_id: str | None
) -> Iterator[tuple[str, Any]]:
    """Return the organization's name and each person with an address; no operator."""
    wanted = operations.perform("organization.show", {"org_id": org_id}).result if org_id else None
    for each in operations.perform("person.find", {"email": email}).result["items"]:
        if wanted and each["org_id"] != wanted["id"]:
            continue
        try:
            one = {"org_id": each["org_id"]}
            owner = wanted or operations.perform("organization.show", one).result
        except NotFoundError:  # the operating organization is no partner's
            continue
        yield owner["name"], each


@user.command(epilog=example("gatepass user reset anna"))
@click.argument("username", shell_complete=ids.users)
@assent_options
@changing_options
@options.as_json
def reset(username: str, target: options.Target, *, assent: Assent, is_json: bool) -> None:
    """Set a new initial password for somebody who lost theirs; it ends all their sessions.

    Prints the password, once; it must be changed at the first login, within 14 days.
    """
    with opened(target) as operations:
        found = _confirmed(operations, username, "person.reset_password", assent, _RESET)
        one = {"user_id": found["id"]}
        given = operations.perform("person.reset_password", one).result
    environment = operations.environment_name
    show_access(found["org_id"], environment, found["username"], given, is_json=is_json)
    if found["state"] == "disabled" and not is_json:
        click.echo(f"They are disabled. Enable them: gatepass user enable {found['username']}")


@user.command("reset-factors", epilog=example("gatepass user reset-factors anna"))
@click.argument("username", shell_complete=ids.users)
@assent_options
@changing_options
def reset_factors(username: str, target: options.Target, *, assent: Assent) -> None:
    """Remove the second factors of somebody who lost them all; it ends their sessions.

    Passkeys, authenticator apps and recovery codes are removed; the password stays.
    """
    with opened(target) as operations:
        found = _confirmed(operations, username, "person.reset_factors", assent, _RESET_FACTORS)
        done = operations.perform("person.reset_factors", {"user_id": found["id"]}).result
    click.echo(f"{found['username']} had {done['removed']} second factors; they are removed.")


@user.command(epilog=example("gatepass user disable anna --yes"))
@click.argument("username", shell_complete=ids.users)
@assent_options
@changing_options
def disable(username: str, target: options.Target, *, assent: Assent) -> None:
    """Disable somebody: their sessions end, and they cannot log in nor recover the account."""
    with opened(target) as operations:
        found = _confirmed(operations, username, "person.disable", assent, _DISABLE)
        operations.perform("person.disable", {"user_id": found["id"]})
    click.echo(f"{found['username']} is disabled and logged out.")


@user.command(epilog=example("gatepass user enable anna"))
@click.argument("username", shell_complete=ids.users)
@changing_options
def enable(username: str, target: options.Target) -> None:
    """Enable somebody again; their password is the one from before."""
    with opened(target) as operations:
        found = find_person(operations, username)
        operations.perform("person.enable", {"user_id": found["id"]})
    click.echo(f"{found['username']} can log in again.")


@user.command(
    "end-sessions",
    epilog=example("gatepass user end-sessions anna", "gatepass user end-sessions --all --yes"),
)
@click.argument("username", shell_complete=ids.users, required=False)
@click.option("--all", "of_all", is_flag=True, help="End the sessions of everybody.")
@assent_options
@changing_options
def end_sessions(
    username: str | None, target: options.Target, *, of_all: bool, assent: Assent
) -> None:
    """End all sessions of somebody, or with --all of everybody; they can log in again.

    Only --all is asked about.
    """
    if of_all == bool(username):
        raise click.UsageError("Give either a username, or --all.")
    with opened(target) as operations:
        if username is None:
            question = _END_ALL.format(operations.environment_name)
            check_effect(operations, "person.end_all_sessions", {}, assent, lambda _: question)
            ended = operations.perform("person.end_all_sessions", {}).result["ended"]
            click.echo(f"Ended {ended} {'session' if ended == 1 else 'sessions'}.")
            return
        at_once = assent._replace(yes=True)
        found = _confirmed(operations, username, "person.end_sessions", at_once, "")
        operations.perform("person.end_sessions", {"user_id": found["id"]})
    click.echo(f"All sessions of {found['username']} have ended.")


def _confirmed(
    operations: Operations, username: str, name: str, assent: Assent, question: str
) -> dict[str, Any]:
    """Return the person with a username, after the question whether to go on."""
    found = find_person(operations, username)
    asked = question.format(found["username"], operations.environment_name)
    check_effect(operations, name, {"user_id": found["id"]}, assent, lambda _: asked)
    return found


def _row(organization: str, found: dict[str, Any]) -> dict[str, object]:
    return {
        "username": found["username"],
        "organization": organization,
        "org_id": found["org_id"],
        "role": found["role"],
        "email": found["email"],
        "email_confirmed": found["email_confirmed"],
        "last_login_at": moment(found["last_login_at"]),
        "state": str(found["state"]).replace("_", " "),
    }
