"""`gatepass user`: the people who log in to the portal, for when they cannot."""

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import initial_passwords, operations, portal_users
from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.model import User, has_expired_password
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.secret import Secret

_LOGIN = "/accounts/login/"
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
@options.reading_options
def list_(org_id: str | None, email: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the people with portal access: their organization, role and state."""
    with options.environment_of(target) as environment:
        context = environment.context
        found = (
            [organizations.find(context, options.uuid_of(org_id))]
            if org_id
            else organizations.list_all(context)
        )
        rows = [
            _row(environment, each, organization.name)
            for organization in found
            for each in operations.with_portal_access(context, organization.id, email)
        ]
    options.show_list(rows, f"Nobody logs in to the portal of {environment.name}.", is_json=is_json)


@user.command(epilog=example("gatepass user reset anna"))
@click.argument("username", shell_complete=ids.users)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
@options.as_json
def reset(username: str, target: options.Target, *, yes: bool, is_json: bool) -> None:
    """Set a new initial password for somebody who lost theirs; it ends all their sessions.

    Prints the password, once; it must be changed at the first login, within 14 days.
    """
    with options.environment_of(target) as environment:
        found = _find(environment, username)
        options.confirm(_RESET.format(found.username, environment.name), yes=yes)
        given, initial_password = initial_passwords.give_access(
            environment.context,
            options.operator(),
            found.org_id,
            found.id,
            None,
            initial=run(initial_passwords.new_password(environment.hasher)),
        )
    show_access(environment, given, initial_password, is_json=is_json)
    if given.disabled_at and not is_json:
        click.echo(f"They are disabled. Enable them: gatepass user enable {given.username}")


@user.command("reset-factors", epilog=example("gatepass user reset-factors anna"))
@click.argument("username", shell_complete=ids.users)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def reset_factors(username: str, target: options.Target, *, yes: bool) -> None:
    """Remove the second factors of somebody who lost them all; it ends their sessions.

    Passkeys, authenticator apps and recovery codes are removed; the password stays.
    """
    with options.environment_of(target) as environment:
        found = _find(environment, username)
        options.confirm(_RESET_FACTORS.format(found.username, environment.name), yes=yes)
        removed = factors.reset(environment.context, options.operator(), found.org_id, found.id)
    click.echo(f"{found.username} had {removed} second factors; they are removed.")


@user.command(epilog=example("gatepass user disable anna --yes"))
@click.argument("username", shell_complete=ids.users)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def disable(username: str, target: options.Target, *, yes: bool) -> None:
    """Disable somebody: their sessions end, and they cannot log in nor recover the account."""
    with options.environment_of(target) as environment:
        found = _find(environment, username)
        options.confirm(_DISABLE.format(found.username, environment.name), yes=yes)
        operations.set_enabled(
            environment.context, options.operator(), found.org_id, found.id, enabled=False
        )
    click.echo(f"{found.username} is disabled and logged out.")


@user.command(epilog=example("gatepass user enable anna"))
@click.argument("username", shell_complete=ids.users)
@options.environment_option_to_change
def enable(username: str, target: options.Target) -> None:
    """Enable somebody again; their password is the one from before."""
    with options.environment_of(target) as environment:
        found = _find(environment, username)
        operations.set_enabled(
            environment.context, options.operator(), found.org_id, found.id, enabled=True
        )
    click.echo(f"{found.username} can log in again.")


@user.command(
    "end-sessions",
    epilog=example("gatepass user end-sessions anna", "gatepass user end-sessions --all --yes"),
)
@click.argument("username", shell_complete=ids.users, required=False)
@click.option("--all", "of_all", is_flag=True, help="End the sessions of everybody.")
@click.option("--yes", is_flag=True, help="With --all: do not ask for confirmation.")
@options.environment_option_to_change
def end_sessions(username: str | None, target: options.Target, *, of_all: bool, yes: bool) -> None:
    """End all sessions of somebody, or with --all of everybody; they can log in again."""
    if of_all == bool(username):
        raise click.UsageError("Give either a username, or --all.")
    with options.environment_of(target) as environment:
        if username is None:
            options.confirm(_END_ALL.format(environment.name), yes=yes)
            ended = operations.end_all_sessions(environment.context, options.operator())
            click.echo(f"Ended {ended} {'session' if ended == 1 else 'sessions'}.")
            return
        found = _find(environment, username)
        operations.end_sessions(environment.context, options.operator(), found.org_id, found.id)
    click.echo(f"All sessions of {found.username} have ended.")


def show_access(
    environment: Environment, user: User, initial_password: Secret, *, is_json: bool
) -> None:
    """Print an initial password, once, with what belongs to it."""
    shown = {
        "org_id": user.org_id,
        "environment": environment.name,
        "username": user.username,
        "initial_password": initial_password.value,
        "login_url": environment.issuer + _LOGIN,
    }
    options.show(shown, is_json=is_json)
    if not is_json:
        click.echo(
            "\nThe password is shown only now. It must be changed at the first login, "
            "within 14 days."
        )


def _find(environment: Environment, username: str) -> User:
    found = operations.find_anywhere(environment.context, username)
    if found is None:
        raise NotFoundError(username)
    return found


def _row(environment: Environment, each: User, organization: str) -> dict[str, object]:
    state = "disabled" if each.disabled_at else "active"
    if has_expired_password(each, environment.now()):
        state = "initial password expired"
    return {
        "username": each.username,
        "organization": organization,
        "org_id": each.org_id,
        "role": each.role,
        "email": each.email,
        "email_confirmed": portal_users.is_confirmed(environment.context, each),
        "last_login_at": each.last_login_at,
        "state": state,
    }
