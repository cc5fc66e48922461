"""`gatepass audit erase`: takes a person's names and addresses out of the audit trail."""

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.domain.audit import erasure
from gatepass.server.domain.users import store as users
from gatepass.server.environment.environment import Environment
from gatepass.server.storage import deadline

_QUESTION = "Erase what {} entries of {} say of {}? This cannot be undone."
_STILL_THERE = (
    "The user {} still exists: what they do from now on is recorded as before. Delete the user "
    "first, then erase again."
)
_LONGEST_REASON = 200


@click.command(
    epilog=example("gatepass audit erase anna --also anna@example.com --environment production")
)
@click.argument("username")
@click.option(
    "--also",
    multiple=True,
    metavar="TEXT",
    help="Another name of the person, such as a former email address. May be repeated.",
)
@click.option("--reason", default="", help="For the audit trail, such as the number of a request.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def erase(
    target: options.Target, *, username: str, also: tuple[str, ...], reason: str, yes: bool
) -> None:
    """Erase what the audit trail says of a person: who, from where, and the details.

    What was done stays, with its time and organization, and `gatepass audit verify` finds the
    trail whole. The email addresses of a user who still exists are looked up. Backups, logs and
    exports are not changed.
    """
    if len(reason) > _LONGEST_REASON or (reason and not reason.isprintable()):
        raise click.BadParameter(f"Give one line of {_LONGEST_REASON} characters at most.")
    if not all(each.strip() for each in (username, *also)):
        raise click.BadParameter("A name must not be empty.")
    with options.environment_of(target) as environment, deadline.each(deadline.LONG):
        known = _names(environment, username)
        found = erasure.find(environment.context, {username.strip(), *known, *also})
        if not found:
            click.echo(f"No entry of {environment.name} names {username}.")
            return
        options.confirm(_QUESTION.format(len(found), environment.name, username), yes=yes)
        erasure.erase(environment.context, options.operator(), found, reason)
    click.echo(f"{len(found)} entries no longer say who it was.")
    if known:
        click.echo(_STILL_THERE.format(username))


def _names(environment: Environment, username: str) -> list[str]:
    """Return the names of a user that exists."""
    with environment.database.read() as connection:
        user = users.find_by_username(connection, username)
    if user is None:
        return []
    return [each for each in (user.username, user.email, user.pending_email) if each]
