"""`gatepass audit erase`: takes a person's names and addresses out of the audit trail."""

from collections.abc import Mapping

import click

from gatepass.command_group import example
from gatepass.server.cli.operations.model import Operations
from gatepass.server.cli.operations.opening import changing_options, opened
from gatepass.server.cli.terminal import options, questions
from gatepass.server.cli.users.access import find_person
from gatepass.server.storage import deadline
from gatepass.server.storage.errors import NotFoundError

_QUESTION = "Erase what {} entries of {} say of {}? This cannot be undone."
_STILL_THERE = (
    "The user {} still exists: what they do from now on is recorded as before. Delete the user "
    "first, then erase again."
)
_LONGEST_REASON = 200
_LARGEST_PART = 5000  # entries that one request looks at


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
@changing_options
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
    with opened(target) as operations, deadline.each(deadline.LONG):
        known = _names(operations, username)
        names = list(dict.fromkeys((username.strip(), *known, *also)))
        person = {"names": names, "reason": reason}
        number = _erase(operations, person, dry_run=True)
        if not number:
            click.echo(f"No entry of {operations.environment_name} names {username}.")
            return
        question = _QUESTION.format(number, operations.environment_name, username)
        questions.confirm(question, yes=yes)
        erased = _erase(operations, person)
    click.echo(f"{erased} entries no longer say who it was.")
    if known:
        click.echo(_STILL_THERE.format(username))


def _erase(operations: Operations, person: Mapping[str, object], *, dry_run: bool = False) -> int:
    """Erase part by part, and return how many entries named the person."""
    number, after = 0, 0
    while True:
        part = {**person, "limit": _LARGEST_PART, "after": after}
        done = operations.perform("audit.erase", part, dry_run=dry_run).result
        number += int(done["erased"])
        if done["last"] is None:
            return number
        after = done["last"]


def _names(operations: Operations, username: str) -> list[str]:
    """Return the names of a user that exists."""
    try:
        user = find_person(operations, username)
    except NotFoundError:
        return []
    return [each for each in (user["username"], user["email"], user["pending_email"]) if each]
