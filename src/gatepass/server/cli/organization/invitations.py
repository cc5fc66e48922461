"""`gatepass organization invite`, `invitations` and `revoke-invitation`."""

from datetime import UTC, datetime
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.model import Operations, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.users.model import ROLES, email_key
from gatepass.server.storage.errors import NotFoundError


@click.command(epilog=example("gatepass organization invite ORG_ID ben@acme.example --role staff"))
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("address")
@click.option(
    "--role", type=click.Choice(ROLES), default="admin", show_default=True, help="Their role."
)
@changing_options
@options.as_json
def invite(org_id: str, address: str, role: str, target: options.Target, *, is_json: bool) -> None:
    """Invite somebody by mail, or send their invitation again; an older link stops working."""
    with opened(target) as operations:
        older = _find(operations, org_id, address)
        if older and older["role"] == role and not _has_expired(older):
            one = {"org_id": org_id, "invitation_id": older["id"]}
            invited = operations.perform("invitation.resend", one).result
        else:
            new = {"org_id": org_id, "email": address, "role": role}
            invited = operations.perform("invitation.create", new).result
    show_invitation(org_id, operations.environment_name, invited, is_json=is_json)


@click.command("invitations", epilog=example("gatepass organization invitations ORG_ID"))
@click.argument("org_id", shell_complete=ids.organizations)
@reading_options
def invitations_(org_id: str, target: options.Target, *, is_json: bool) -> None:
    """List the invitations of an organization that were not accepted."""
    with opened(target) as operations:
        found = operations.perform("invitation.list", {"org_id": org_id}).result["items"]
    rows = [
        {
            "email": each["email"],
            "role": each["role"],
            "invited_by": each["invited_by"],
            "invited_until": moment(each["expires_at"]),
            "state": "expired" if _has_expired(each) else "waiting",
        }
        for each in found
    ]
    printing.show_list(
        rows, "No invitations. Send one: gatepass organization invite", is_json=is_json
    )


@click.command(
    "revoke-invitation",
    epilog=example("gatepass organization revoke-invitation ORG_ID ben@acme.example"),
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.argument("address")
@changing_options
def revoke_invitation(org_id: str, address: str, target: options.Target) -> None:
    """Revoke an invitation: its link stops working."""
    with opened(target) as operations:
        found = _find(operations, org_id, address)
        if found is None:
            raise NotFoundError(f"An invitation of {address}")
        one = {"org_id": org_id, "invitation_id": found["id"]}
        operations.perform("invitation.revoke", one)
    click.echo(f"The invitation of {found['email']} is revoked.")


def show_invitation(
    org_id: str, environment: str, invited: dict[str, Any], *, is_json: bool
) -> None:
    """Print an invitation, without its link, which only the mail has."""
    shown = {
        "org_id": org_id,
        "environment": environment,
        "invited": invited["email"],
        "role": invited["role"],
        "invited_until": moment(invited["expires_at"]),
    }
    printing.show(shown, is_json=is_json)
    if not is_json:
        click.echo("\nThe server mails the link now, if it runs. See: gatepass mail list")


def _find(operations: Operations, org_id: str, address: str) -> dict[str, Any] | None:
    found = operations.perform("invitation.list", {"org_id": org_id}).result["items"]
    key = email_key(address)
    return next((each for each in found if email_key(each["email"]) == key), None)


def _has_expired(invited: dict[str, Any]) -> bool:
    until = moment(invited["expires_at"])
    return until is not None and until <= datetime.now(UTC)
