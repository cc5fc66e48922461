"""`gatepass organization users`."""

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.cli.completion import ids
from gatepass.server.domain.organizations import operations
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.model import User, has_expired_password
from gatepass.server.environment.environment import Environment

_MOST = 200  # read together


@click.command(
    "users",
    epilog=example(
        "gatepass organization users ORG_ID",
        "gatepass organization users ORG_ID --all --json-lines",
    ),
)
@click.argument("org_id", shell_complete=ids.organizations)
@click.option("--all", "of_all", is_flag=True, help="Also those without access to the portal.")
@options.reading_options
def users_(org_id: str, target: options.Target, *, of_all: bool, is_json: bool) -> None:
    """List the users of an organization: role, state and last login, oldest first.

    Those without access to the portal were made by the organization's programs (Partner API).
    """
    with options.environment_of(target) as environment:
        found = operations.find(environment.context, options.uuid_of(org_id))
        rows = [
            _row(environment, each)
            for each in users.every(environment.context, found.id, at_once=_MOST)
            if of_all or each.has_portal_access
        ]
    options.show_list(
        rows, "No user has access. Add one: gatepass organization add-admin", is_json=is_json
    )


def _row(environment: Environment, each: User) -> dict[str, object]:
    state = "active" if each.has_portal_access else "no portal access"
    if has_expired_password(each, environment.now()):
        state = "initial password expired"
    elif each.must_change_password and each.initial_password_at:
        state = "initial password"
    return {
        "user_id": each.id,
        "username": each.username,
        "name": each.full_name or None,
        "email": each.email,
        "role": each.role,
        "last_login_at": each.last_login_at,
        "state": "disabled" if each.disabled_at else state,
    }
