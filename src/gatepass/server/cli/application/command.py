"""`gatepass application`: manages applications of any organization."""

import sys
from datetime import datetime
from uuid import UUID

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli import options
from gatepass.server.cli.application import credentials, settings, usage
from gatepass.server.cli.application.settings import find, networks_of
from gatepass.server.cli.completion import ids
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.secrets import end as secret_end
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME
from gatepass.server.environment.environment import Environment
from gatepass.wire import metadata
from gatepass.wire.scope import Scope

_APPLICATION = click.argument(
    "application_id", metavar="CLIENT_ID", shell_complete=ids.applications
)


@click.group(cls=CommandGroup, epilog=example("gatepass application list"))
def application() -> None:
    """Register and manage applications; each is identified by its client id."""


application.add_command(settings.set_)
application.add_command(settings.automatic_rotation)
for _command in (
    credentials.rotate,
    credentials.revoke_tokens,
    usage.usage,
    usage.refusals,
):
    application.add_command(_command)


@application.command(
    epilog=example(
        'gatepass application create --organization ORG_ID --name Billing --scope "read write"'
    )
)
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    required=True,
    help="Id of the organization; `operator` for your own, whose programs call the Admin API.",
)
@click.option("--name", required=True)
@click.option("--scope", default="read write", show_default=True, help="Space-separated.")
@click.option(
    "--lifetime",
    default=DEFAULT_LIFETIME,
    show_default=True,
    help="Lifetime of its tokens, in seconds.",
)
@click.option(
    "--secret-end",
    "end",
    help="When the secret ends: a number of days, its last day (2027-01-31), or never. "
    "[default: as late as the policies allow]",
)
@settings.contact_option
@settings.network_option
@options.environment_option_to_change
@options.as_json
def create(  # noqa: PLR0913 - one parameter for each option
    *,
    org_id: str,
    name: str,
    scope: str,
    lifetime: int,
    end: str | None,
    contact: str | None,
    networks: tuple[str, ...],
    target: options.Target,
    is_json: bool,
) -> None:
    """Register a confidential client-credentials application.

    Prints the client secret, once. The scope may include `introspection`, for a resource server
    that introspects the tokens of others.
    """
    with options.environment_of(target) as environment:
        owner = settings.owner(environment, org_id)
        registered = operations.register(
            environment.context,
            environment.catalogue,
            options.operator(),
            owner,
            name=name,
            scope=Scope.parse(scope),
            allowed=environment.catalogue.granted_on_machine,
            token_lifetime=lifetime,
            contact=contact or "",
            networks=networks_of(networks),
            secret_end=_end_of_secret(environment, owner, end),
        )
    shown: dict[str, object] = {
        "client_id": registered.application.client_id,
        "client_secret": registered.secret.value,
        "token_url": environment.issuer + metadata.TOKEN,
    }
    expires_at = registered.application.secrets[0].expires_at
    if expires_at is not None:
        shown["secret_expires_at"] = expires_at
    options.show(shown, is_json=is_json)
    if not is_json:
        click.echo("\nThe secret is shown only now.")


@application.command("list", epilog=example("gatepass application list --environment sandbox"))
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="List only the applications of this organization; `operator`: your own.",
)
@options.reading_options
def list_(org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the applications of an environment."""
    with options.environment_of(target) as environment:
        if org_id is None:
            owners = [each.id for each in organizations.list_all(environment.context)]
        else:
            owners = [settings.owner(environment, org_id)]
        rows = [
            _row(each)
            for owner in owners
            for each in operations.of_organization(environment.context, owner)
        ]
    nothing = f"No applications in {environment.name}. Create one: gatepass application create"
    options.show_list(rows, nothing, is_json=is_json)


@application.command("show", epilog=example("gatepass application show CLIENT_ID --json"))
@_APPLICATION
@options.reading_options
def show_(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show one application; of its secrets, only the last four characters are shown."""
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        live = found.live_secrets(environment.now())
        rotation = settings.shown_rotation(environment, found.id)
    secrets = [
        {
            "ends_with": each.last_four or None,
            "created_at": each.created_at,
            "expires_at": each.expires_at,
            "last_used_at": each.last_used_at,
            "last_used_from": each.last_used_from,
        }
        for each in live
    ]
    more = {
        "id": found.id,
        **settings.shown(found),
        "created_by": found.created_by,
        "imported_from": found.imported_from,
        "redirect_uris": found.redirect_uris,
        "tokens_revoked_before": found.tokens_revoked_before,
        **rotation,
        "secrets": secrets,
    }
    options.show(_row(found) | more, is_json=is_json)


@application.command(epilog=example("gatepass application disable CLIENT_ID"))
@_APPLICATION
@options.environment_option_to_change
def disable(application_id: str, target: options.Target) -> None:
    """Disable an application: no new tokens; its existing tokens are revoked permanently."""
    _set_enabled(application_id, target, enabled=False)
    click.echo(f"{application_id} is disabled. Its tokens are revoked.")


@application.command(epilog=example("gatepass application enable CLIENT_ID"))
@_APPLICATION
@options.environment_option_to_change
def enable(application_id: str, target: options.Target) -> None:
    """Enable a disabled application; its earlier tokens stay revoked."""
    _set_enabled(application_id, target, enabled=True)
    click.echo(f"{application_id} is active. Tokens issued before stay revoked.")


@application.command(epilog=example("gatepass application delete CLIENT_ID --yes"))
@_APPLICATION
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@options.environment_option_to_change
def delete(application_id: str, target: options.Target, *, yes: bool) -> None:
    """Delete an application; its credentials and tokens become invalid."""
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        if not yes:
            _confirm(found)
        operations.delete(environment.context, options.operator(), found.id, None)
    click.echo(f"{application_id} is deleted.")


def _end_of_secret(environment: Environment, org_id: UUID, text: str | None) -> datetime | None:
    if text is not None:
        return secret_end.parse_end(text, environment.now())
    longest = secret_operations.longest_lifetime(environment.context, org_id)
    return secret_end.unstated_end(environment.now(), longest)


def _confirm(found: Application) -> None:
    """Ask for the name as confirmation; without a terminal, only --yes confirms."""
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing is deleted. Confirm with --yes, or run the command on a terminal."
        )
    typed = click.prompt(f"Type the application's name to delete it ({found.name})", err=True)
    if typed.strip() != found.name:
        raise click.ClickException("The name does not match. Nothing is deleted.")


def _set_enabled(application_id: str, target: options.Target, *, enabled: bool) -> None:
    with options.environment_of(target) as environment:
        found = find(environment, application_id)
        operations.set_enabled(
            environment.context, options.operator(), found.id, enabled=enabled, org_id=None
        )


def _row(each: Application) -> dict[str, object]:
    return {
        "client_id": each.client_id,
        "name": each.name,
        "org_id": each.org_id,
        "created_at": each.created_at,
        "last_used_at": each.last_used_at,
        "state": each.state,
    }
