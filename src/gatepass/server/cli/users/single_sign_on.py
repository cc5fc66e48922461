"""`gatepass single-sign-on`: an organization's OpenID provider, for when it locks people out."""

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.completion import ids
from gatepass.server.cli.terminal import local_data, options, printing, questions
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.users import operations as users
from gatepass.server.domain.users.single_sign_on import setup
from gatepass.server.domain.users.single_sign_on.model import Provider
from gatepass.server.environment.environment import Environment
from gatepass.server.storage.errors import NotFoundError

_ORGANIZATION = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427"
_DISABLE = "Turn single sign-on of {} off in {}? Passwords log its people in again."


@click.group(
    "single-sign-on",
    cls=CommandGroup,
    epilog=example(f"gatepass single-sign-on show {_ORGANIZATION}"),
)
def single_sign_on() -> None:
    """Show an organization's OpenID provider, and turn it off when nobody gets in."""


@single_sign_on.command(epilog=example(f"gatepass single-sign-on show {_ORGANIZATION} --json"))
@click.argument("organization", shell_complete=ids.organizations)
@options.reading_options
def show(organization: str, target: options.Target, *, is_json: bool) -> None:
    """Show how the people of an organization log in; never the client secret."""
    org_id = options.uuid_of(organization)
    with local_data.environment_of(target) as environment:
        name = organizations.find_any(environment.context, org_id).name
        found = setup.find(environment.context, org_id)
        shown = _row(environment, name, found) if found else {"organization": name, "state": "none"}
    printing.show(shown, is_json=is_json)


@single_sign_on.command(epilog=example(f"gatepass single-sign-on disable {_ORGANIZATION} --yes"))
@click.argument("organization", shell_complete=ids.organizations)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def disable(organization: str, target: options.Target, *, yes: bool) -> None:
    """Turn single sign-on of an organization off, as when its provider is away.

    Passwords log its people in again, whatever a policy says. Who has none gets an initial one
    (gatepass user reset). An administrator of the organization turns it on again in the portal.
    """
    org_id = options.uuid_of(organization)
    with local_data.environment_of(target) as environment:
        name = organizations.find_any(environment.context, org_id).name
        if setup.find(environment.context, org_id) is None:
            raise click.ClickException(f"{name} has no OpenID provider in {environment.name}.")
        questions.confirm(_DISABLE.format(name, environment.name), yes=yes)
        was_on = setup.turn_off(environment.context, options.operator(), org_id)
    click.echo(
        f"Single sign-on of {name} is off. Passwords log in again."
        if was_on
        else f"Single sign-on of {name} was off already."
    )


def _row(environment: Environment, name: str, found: Provider) -> dict[str, object]:
    context = environment.context
    return {
        "organization": name,
        "state": "on" if found.is_on else "off",
        "required": setup.is_required(context, found.org_id),
        "issuer": found.issuer,
        "client_id": found.client_id,
        "tested_at": found.tested_at,
        "connected_accounts": setup.number_connected(context, found),
        "domains": ", ".join(
            each.domain + ("" if each.proved_at else " (not proved)")
            for each in setup.domains(context, found.org_id)
        )
        or None,
        "accounts_on_arrival": found.adds_people,
        "role_claim": found.role_claim or None,
        "highest_role": found.highest_role,
        "emergency_administrator": _emergency(environment, found),
    }


def _emergency(environment: Environment, found: Provider) -> str | None:
    if found.emergency_id is None:
        return None
    try:
        user = users.find(environment.context, found.org_id, found.emergency_id)
    except NotFoundError:
        return None
    return user.username
