"""`gatepass application set`, and what it shares with the other commands on an application."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from gatepass.command_group import example
from gatepass.server.cli import options
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import (
    MINT_MODES,
    Application,
    check_contact,
    check_lifetime,
    check_minting,
    check_name,
    check_scope,
)
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment.environment import Environment
from gatepass.wire.errors import OAuthError
from gatepass.wire.networks import Network
from gatepass.wire.scope import Scope

Change = Callable[[], None]

network_option = click.option(
    "--network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="Where its requests may come from, as 203.0.113.0/24; may be repeated.",
)
contact_option = click.option("--contact", help="Whom to tell of trouble with it.")


@click.command(
    "set",
    epilog=example("gatepass application set CLIENT_ID --lifetime 3600 --network 203.0.113.0/24"),
)
@click.argument("application_id", metavar="CLIENT_ID")
@click.option("--name", help="Another name.")
@click.option("--lifetime", type=int, help="Of its next tokens, in seconds.")
@click.option("--scope", help="All that its next tokens may allow, parted by spaces.")
@contact_option
@network_option
@click.option("--any-network", is_flag=True, help="Its requests may come from anywhere.")
@click.option("--mint-mode", type=click.Choice(MINT_MODES), help="What the limit does.")
@click.option("--mint-limit", type=int, help="Tokens an hour.")
@options.which_to_change
def set_(  # noqa: PLR0913 - one parameter an option
    *,
    application_id: str,
    name: str | None,
    lifetime: int | None,
    scope: str | None,
    contact: str | None,
    networks: tuple[str, ...],
    mint_mode: str | None,
    mint_limit: int | None,
    data: Path | None,
    config: Path | None,
    environment_name: str | None,
    any_network: bool,
) -> None:
    """Change an application: all that is given, or nothing where one of them is wrong."""
    with options.environment_of(data, config, environment_name) as environment:
        found = find(environment, application_id)
        changes = [
            *_plain_changes(environment, found, name, lifetime, contact),
            *_scope_changes(environment, found, scope),
            *_network_changes(environment, found, networks, any_network=any_network),
            *_minting_changes(environment, found, mint_mode, mint_limit),
        ]
        if not changes:
            raise click.UsageError("Say what to change; --help lists what can be.")
        for change in changes:
            change()
    click.echo(f"{application_id} is changed.")


def find(environment: Environment, application_id: str) -> Application:
    """Give an application by its client id, or by its own id."""
    found = environment.directory.load(application_id)
    return found or operations.find(environment.context, options.uuid_of(application_id), None)


def networks_of(given: tuple[str, ...]) -> tuple[Network, ...]:
    """Give the networks of the options; raise OAuthError for one that is none, or empty.

    An empty one, as of a script's unset variable, must not come to mean "from anywhere".
    """
    if any(not text.strip(" ,") for text in given):
        raise OAuthError("invalid_request", "A --network is empty. For any network: --any-network.")
    return check_networks(" ".join(given))


def _plain_changes(
    environment: Environment,
    found: Application,
    name: str | None,
    lifetime: int | None,
    contact: str | None,
) -> list[Change]:
    """Check what is wanted, and give what is then to be done, as all of these do."""
    changes: list[Change] = []
    whose = (environment.context, OPERATOR, found.id)
    if name is not None:
        changes.append(partial(operations.rename, *whose, check_name(name), None))
    if lifetime is not None:
        changes.append(partial(operations.set_lifetime, *whose, check_lifetime(lifetime), None))
    if contact is not None:
        changes.append(partial(operations.set_contact, *whose, check_contact(contact), None))
    return changes


def _scope_changes(environment: Environment, found: Application, text: str | None) -> list[Change]:
    if text is None:
        return []
    everything = environment.catalogue.everything
    kept = Scope(tuple(dict.fromkeys((*everything.names, *found.scope.names))))
    scope = check_scope(Scope.parse(text), kept)
    whose = (environment.context, OPERATOR, found.id)
    return [partial(operations.set_scope, *whose, scope, None, allowed=everything)]


def _network_changes(
    environment: Environment, found: Application, given: tuple[str, ...], *, any_network: bool
) -> list[Change]:
    if any_network and given:
        raise click.UsageError("Give --network or --any-network, not both.")
    if not any_network and not given:
        return []
    whose = (environment.context, OPERATOR, found.id)
    return [partial(operations.set_networks, *whose, networks_of(given), None)]


def _minting_changes(
    environment: Environment, found: Application, mode: str | None, limit: int | None
) -> list[Change]:
    if mode is None and limit is None:
        return []
    checked = check_minting(
        found.mint_mode if mode is None else mode, found.mint_limit if limit is None else limit
    )
    return [
        partial(operations.set_minting, environment.context, OPERATOR, found.id, *checked, None)
    ]
