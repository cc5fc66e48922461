"""`gatepass organization`: manages organizations and their administrators."""

from typing import Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import Assent, assent_options, check_effect
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.organization import invitations
from gatepass.server.cli.organization.link import link, unlink
from gatepass.server.cli.organization.rename import rename
from gatepass.server.cli.organization.users import people, users_
from gatepass.server.cli.terminal import options, printing
from gatepass.server.cli.users.access import find_person, show_access
from gatepass.server.storage.errors import NotFoundError

_SUSPEND = "Suspend {} in {}? Its users cannot log in, and its tokens are revoked permanently."


@click.group(cls=CommandGroup, epilog=example("gatepass organization list"))
def organization() -> None:
    """Create and manage organizations (partners)."""


for _command in (
    link,
    rename,
    unlink,
    people,
    users_,
    invitations.invite,
    invitations.invitations_,
    invitations.revoke_invitation,
):
    organization.add_command(_command)


@organization.command(
    epilog=example(
        'gatepass organization create "Acme Energy" --invite anna@acme.example',
        'gatepass organization create "Acme Energy" --admin anna --environment sandbox',
    )
)
@click.argument("name")
@click.option("--invite", "address", help="Email address of the first administrator, to invite.")
@click.option("--admin", "username", help="Username of the first administrator, without mail.")
@click.option("--email", help="With --admin: the administrator's email address.")
@changing_options
@options.as_json
def create(
    name: str,
    address: str | None,
    username: str | None,
    email: str | None,
    target: options.Target,
    *,
    is_json: bool,
) -> None:
    """Create an organization and its first administrator.

    With --invite they get a mail and choose username and password. With --admin it prints the
    initial password, once; it must be changed at the first login.
    """
    if bool(address) == bool(username) or (address and email):
        raise click.UsageError("Give either --invite ADDRESS, or --admin USERNAME.")
    administrator = {"invite": address} if address else {"username": username, "email": email}
    with opened(target, creates=True) as operations:
        made = operations.perform("organization.create", {"name": name, **administrator}).result
    org_id, environment = made["organization"]["id"], operations.environment_name
    if address:
        invited = {"email": made["invited"], "role": "admin", "expires_at": made["invited_until"]}
        invitations.show_invitation(org_id, environment, invited, is_json=is_json)
    else:
        show_access(org_id, environment, made["username"], made, is_json=is_json)


@organization.command(
    "add-admin", epilog=example("gatepass organization add-admin ORG_ID --admin ben")
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--admin", "username", required=True, help="Username of the new administrator.")
@click.option("--email", help="The administrator's email address.")
@changing_options
@options.as_json
def add_admin(
    org_id: str, username: str, email: str | None, target: options.Target, *, is_json: bool
) -> None:
    """Add an administrator to an organization.

    Prints the initial password, once; it must be changed at the first login.
    """
    new = {"org_id": org_id, "username": username, "email": email, "role": "admin"}
    with opened(target) as operations:
        added = operations.perform("person.add", new).result
    person = added["person"]
    environment = operations.environment_name
    show_access(person["org_id"], environment, person["username"], added, is_json=is_json)


@organization.command(
    "reset-password", epilog=example("gatepass organization reset-password ORG_ID --username anna")
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--username", required=True, shell_complete=ids.users, help="Username of the user.")
@changing_options
@options.as_json
def reset_password(org_id: str, username: str, target: options.Target, *, is_json: bool) -> None:
    """Set a new initial password for a user and end the user's sessions.

    Use it for a forgotten password, or an initial password that was not replaced within
    14 days. Prints the new password, once.
    """
    with opened(target) as operations:
        owner = str(options.uuid_of(org_id))
        found = find_person(operations, username)
        if found["org_id"] != owner:
            raise NotFoundError(username)
        given = operations.perform("person.reset_password", {"user_id": found["id"]}).result
    environment = operations.environment_name
    show_access(owner, environment, found["username"], given, is_json=is_json)


@organization.command("list", epilog=example("gatepass organization list --json"))
@reading_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the organizations of an environment."""
    with opened(target) as operations:
        rows = [_row(each) for each in every(operations, "organization.list", {})]
    rows.reverse()  # the operation has the newest first
    environment = operations.environment_name
    nothing = f"No organizations in {environment}. Create one: gatepass organization create"
    printing.show_list(rows, nothing, is_json=is_json)


@organization.command("show", epilog=example("gatepass organization show ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@reading_options
def show_(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show one organization."""
    with opened(target) as operations:
        found = operations.perform("organization.show", {"org_id": org_id}).result
    more = {
        "environment": operations.environment_name,
        "suspended_at": moment(found["suspended_at"]),
    }
    printing.show(_row(found) | more, is_json=is_json)


@organization.command(epilog=example("gatepass organization suspend ORG_ID --yes"))
@click.argument("org_id", shell_complete=ids.organizations)
@assent_options
@changing_options
def suspend(org_id: str, target: options.Target, *, assent: Assent) -> None:
    """Suspend an organization: no logins, no tokens; existing tokens are revoked permanently."""
    one = {"org_id": org_id}
    with opened(target) as operations:
        check_effect(
            operations,
            "organization.suspend",
            one,
            assent,
            lambda found: _SUSPEND.format(found["name"], operations.environment_name),
        )
        operations.perform("organization.suspend", one)
    click.echo(f"{org_id} is suspended. Its applications' tokens are revoked.")


@organization.command(epilog=example("gatepass organization resume ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@changing_options
def resume(org_id: str, target: options.Target) -> None:
    """Resume a suspended organization; its earlier tokens stay revoked."""
    with opened(target) as operations:
        operations.perform("organization.resume", {"org_id": org_id})
    click.echo(f"{org_id} is active. Tokens issued before stay revoked.")


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "org_id": found["id"],
        "name": found["name"],
        "created_at": moment(found["created_at"]),
        "state": found["state"],
    }
