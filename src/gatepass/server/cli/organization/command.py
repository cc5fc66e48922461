"""`gatepass organization`: manages organizations and their administrators."""

from datetime import datetime

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.cli.organization.link import link, unlink
from gatepass.server.cli.organization.rename import rename
from gatepass.server.cli.organization.users import users_
from gatepass.server.cli.users.user import show_access
from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.organizations import operations
from gatepass.server.domain.organizations.model import Organization
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.invitations import operations as invitations
from gatepass.server.domain.users.invitations.model import Invitation
from gatepass.server.domain.users.model import ROLES, User, has_expired_password
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import NotFoundError

_SUSPEND = "Suspend {} in {}? Its users cannot log in, and its tokens are revoked permanently."


@click.group(cls=CommandGroup, epilog=example("gatepass organization list"))
def organization() -> None:
    """Create and manage organizations (partners)."""


organization.add_command(link)
organization.add_command(rename)
organization.add_command(unlink)
organization.add_command(users_)


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
@options.environment_option_to_change
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
    if address and not (username or email):
        with options.environment_of(target, creates=True) as environment:
            _, invited = organization_lifecycle.create_with_invitation(
                environment.context, options.operator(), name, address
            )
        _show_invitation(environment, invited, is_json=is_json)
        return
    if address or not username:
        raise click.UsageError("Give either --invite ADDRESS, or --admin USERNAME.")
    with options.environment_of(target, creates=True) as environment:
        _, user, initial_password = organization_lifecycle.create(
            environment.context, environment.hasher, options.operator(), name, username, email
        )
    show_access(environment, user, initial_password, is_json=is_json)


@organization.command(
    "add-admin", epilog=example("gatepass organization add-admin ORG_ID --admin ben")
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--admin", "username", required=True, help="Username of the new administrator.")
@click.option("--email", help="The administrator's email address.")
@options.environment_option_to_change
@options.as_json
def add_admin(
    org_id: str, username: str, email: str | None, target: options.Target, *, is_json: bool
) -> None:
    """Add an administrator to an organization.

    Prints the initial password, once; it must be changed at the first login.
    """
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        user, initial_password = initial_passwords.add_with_access(
            environment.context,
            options.operator(),
            found.id,
            username=username,
            email=email,
            role="admin",
            initial=run(initial_passwords.new_password(environment.hasher)),
        )
    show_access(environment, user, initial_password, is_json=is_json)


@organization.command(
    epilog=example("gatepass organization invite ORG_ID ben@acme.example --role staff")
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("address")
@click.option(
    "--role", type=click.Choice(ROLES), default="admin", show_default=True, help="Their role."
)
@options.environment_option_to_change
@options.as_json
def invite(org_id: str, address: str, role: str, target: options.Target, *, is_json: bool) -> None:
    """Invite somebody by mail, or send their invitation again; an older link stops working."""
    with options.environment_of(target) as environment:
        context = environment.context
        found = operations.find(context, options.uuid_of(org_id))
        older = invitations.find_by_email(context, found.id, address)
        if older and older.expires_at > environment.now() and older.role == role:
            invited = invitations.resend(context, options.operator(), found.id, older.id)
        else:
            invited = invitations.invite(context, options.operator(), found.id, address, role)
    _show_invitation(environment, invited, is_json=is_json)


@organization.command("invitations", epilog=example("gatepass organization invitations ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@options.reading_options
def invitations_(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the invitations of an organization that were not accepted."""
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        now = environment.now()
        rows = [
            {
                "email": each.email,
                "role": each.role,
                "invited_by": each.invited_by,
                "invited_until": each.expires_at,
                "state": "waiting" if each.expires_at > now else "expired",
            }
            for each in invitations.of_organization(environment.context, found.id)
        ]
    options.show_list(
        rows, "No invitations. Send one: gatepass organization invite", is_json=is_json
    )


@organization.command(
    "revoke-invitation",
    epilog=example("gatepass organization revoke-invitation ORG_ID ben@acme.example"),
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("address")
@options.environment_option_to_change
def revoke_invitation(org_id: str, address: str, target: options.Target) -> None:
    """Revoke an invitation: its link stops working."""
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        invited = invitations.find_by_email(environment.context, found.id, address)
        if invited is None:
            raise NotFoundError(f"An invitation of {address}")
        invitations.revoke(environment.context, options.operator(), found.id, invited.id)
    click.echo(f"The invitation of {invited.email} is revoked.")


@organization.command(
    "reset-password", epilog=example("gatepass organization reset-password ORG_ID --username anna")
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--username", required=True, shell_complete=ids.users, help="Username of the user.")
@options.environment_option_to_change
@options.as_json
def reset_password(org_id: str, username: str, target: options.Target, *, is_json: bool) -> None:
    """Set a new initial password for a user and end the user's sessions.

    Use it for a forgotten password, or an initial password that was not replaced within
    14 days. Prints the new password, once.
    """
    with options.environment_of(target) as environment:
        found = users.find_by_username(environment.context, options.uuid_of(org_id), username)
        user, initial_password = initial_passwords.give_access(
            environment.context,
            options.operator(),
            found.org_id,
            found.id,
            None,
            initial=run(initial_passwords.new_password(environment.hasher)),
        )
    show_access(environment, user, initial_password, is_json=is_json)


@organization.command("people", epilog=example("gatepass organization people ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@options.reading_options
def people_(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the users of an organization who have portal access, and whether they can log in."""
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        now = environment.now()
        rows = [
            _user_row(each, now) for each in users.with_portal_access(environment.context, found.id)
        ]
    options.show_list(
        rows, "No user has access. Add one: gatepass organization add-admin", is_json=is_json
    )


@organization.command("list", epilog=example("gatepass organization list --json"))
@options.reading_options
def list_(target: options.Target, *, is_json: bool) -> None:
    """List the organizations of an environment."""
    with options.environment_of(target) as environment:
        rows = [_row(each) for each in operations.list_all(environment.context)]
    nothing = f"No organizations in {environment.name}. Create one: gatepass organization create"
    options.show_list(rows, nothing, is_json=is_json)


@organization.command("show", epilog=example("gatepass organization show ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@options.reading_options
def show_(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show one organization."""
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
    row = _row(found) | {"environment": environment.name, "suspended_at": found.suspended_at}
    options.show(row, is_json=is_json)


@organization.command(epilog=example("gatepass organization suspend ORG_ID --yes"))
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def suspend(org_id: str, target: options.Target, *, yes: bool) -> None:
    """Suspend an organization: no logins, no tokens; existing tokens are revoked permanently."""
    _set_suspended(org_id, target, suspended=True, yes=yes)
    click.echo(f"{org_id} is suspended. Its applications' tokens are revoked.")


@organization.command(epilog=example("gatepass organization resume ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@options.environment_option_to_change
def resume(org_id: str, target: options.Target) -> None:
    """Resume a suspended organization; its earlier tokens stay revoked."""
    _set_suspended(org_id, target, suspended=False)
    click.echo(f"{org_id} is active. Tokens issued before stay revoked.")


def _show_invitation(environment: Environment, invited: Invitation, *, is_json: bool) -> None:
    shown = {
        "org_id": invited.org_id,
        "environment": environment.name,
        "invited": invited.email,
        "role": invited.role,
        "invited_until": invited.expires_at,
    }
    options.show(shown, is_json=is_json)
    if not is_json:
        click.echo("\nThe server mails the link now, if it runs. See: gatepass mail list")


def _set_suspended(
    org_id: str, target: options.Target, *, suspended: bool, yes: bool = True
) -> None:
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        options.confirm(_SUSPEND.format(found.name, environment.name), yes=yes)
        organization_lifecycle.set_suspended(
            environment.context, options.operator(), found.id, suspended=suspended
        )


def _user_row(each: User, now: datetime) -> dict[str, object]:
    state = "disabled" if each.disabled_at else "active"
    if has_expired_password(each, now):
        state = "initial password expired; set a new one: gatepass organization reset-password"
    return {
        "username": each.username,
        "role": each.role,
        "created_at": each.created_at,
        "state": state,
    }


def _row(each: Organization) -> dict[str, object]:
    return {
        "org_id": each.id,
        "name": each.name,
        "created_at": each.created_at,
        "state": "suspended" if each.suspended_at else "active",
    }
