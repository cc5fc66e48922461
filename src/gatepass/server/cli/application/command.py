"""`gatepass application`: manages applications of any organization."""

import sys
from typing import IO, Any

import click

from gatepass.command_group import CommandGroup, example
from gatepass.server.cli.application import (
    certificates,
    credentials,
    expiring,
    keys,
    methods,
    settings,
    usage,
)
from gatepass.server.cli.application.settings import networks_of, owner
from gatepass.server.cli.completion import ids
from gatepass.server.cli.operations.effects import (
    Assent,
    assent_options,
    check_effect,
    dry_run_option,
)
from gatepass.server.cli.operations.model import every, moment
from gatepass.server.cli.operations.opening import changing_options, opened, reading_options
from gatepass.server.cli.terminal import options, printing
from gatepass.server.domain.token_policy import DEFAULT_LIFETIME

_APPLICATION = click.argument(
    "application_id", metavar="CLIENT_ID", shell_complete=ids.applications
)


@click.group(cls=CommandGroup, epilog=example("gatepass application list"))
def application() -> None:
    """Register and manage applications; each is identified by its client id."""


application.add_command(keys.key)
application.add_command(certificates.certificate)
application.add_command(settings.set_)
application.add_command(settings.automatic_rotation)
for _command in (
    credentials.rotate,
    credentials.revoke_tokens,
    methods.methods,
    methods.revoke_secrets,
    usage.usage,
    usage.refusals,
    expiring.expiring,
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
@click.option(
    "--public-key",
    type=click.File("r"),
    help="A file with a JWK, a JWK Set or PEM: it has this key, and no secret.",
)
@click.option("--key-name", help="What people call the key.  [default: First key]")
@click.option("--jwks-uri", help="Where it publishes its keys: it has these, and no secret.")
@click.option(
    "--certificate",
    type=click.File("r"),
    help="A file with its certificate in PEM: it has this, and no secret.",
)
@settings.contact_option
@settings.network_option
@changing_options
@options.as_json
def create(  # noqa: PLR0913 - one parameter for each option
    *,
    org_id: str,
    name: str,
    scope: str,
    lifetime: int,
    end: str | None,
    public_key: IO[str] | None,
    key_name: str | None,
    jwks_uri: str | None,
    certificate: IO[str] | None,
    contact: str | None,
    networks: tuple[str, ...],
    target: options.Target,
    is_json: bool,
) -> None:
    """Register a confidential client-credentials application.

    Prints the client secret, once, unless it has a key or a certificate instead. The scope may
    include `introspection`, for a resource server that introspects the tokens of others.
    """
    with opened(target) as operations:
        new = {
            "org_id": owner(operations, org_id),
            "name": name,
            "scope": scope,
            "token_lifetime": lifetime,
            "contact": contact or "",
            "networks": networks_of(networks),
            **credentials.end_of_secret(end),
            **keys.in_place_of_secret(public_key, key_name, jwks_uri, certificate),
        }
        made = operations.perform("application.create", new).result
    credentials.show_credentials(made, is_json=is_json, with_end=True)


@application.command("list", epilog=example("gatepass application list --environment sandbox"))
@click.option(
    "--organization",
    "org_id",
    shell_complete=ids.organizations,
    help="List only the applications of this organization; `operator`: your own.",
)
@reading_options
def list_(org_id: str | None, target: options.Target, *, is_json: bool) -> None:
    """List the applications of an environment."""
    with opened(target) as operations:
        wanted = {"org_id": owner(operations, org_id)} if org_id is not None else {}
        rows = [
            _row(each) | {"last_used_at": moment(each["last_used_at"]), "state": each["state"]}
            for each in every(operations, "application.list", wanted)
        ]
    environment = operations.environment_name
    nothing = f"No applications in {environment}. Create one: gatepass application create"
    printing.show_list(rows, nothing, is_json=is_json)


@application.command("show", epilog=example("gatepass application show CLIENT_ID --json"))
@_APPLICATION
@reading_options
def show_(application_id: str, target: options.Target, *, is_json: bool) -> None:
    """Show one application; of its secrets, only the last four characters are shown."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        found = operations.perform("application.show", one).result
        uses = operations.perform("application.uses", one).result
    used = {each["id"]: each for each in uses["secrets"]}
    secrets = [
        {
            "ends_with": each["ends_with"],
            "created_at": moment(each["created_at"]),
            "expires_at": moment(each["expires_at"]),
            "last_used_at": moment(used.get(each["id"], {}).get("last_used_at")),
            "last_used_from": used.get(each["id"], {}).get("last_used_from"),
        }
        for each in found["secrets"]
    ]
    more = {
        "last_used_at": moment(uses["last_used_at"]),
        "state": found["state"],
        "id": found["id"],
        **settings.shown(found),
        "created_by": found["created_by"],
        "imported_from": found["imported_from"],
        "redirect_uris": found["redirect_uris"],
        "tokens_revoked_before": moment(found["tokens_revoked_before"]),
        **settings.shown_rotation(found["automatic_rotation"]),
        "secrets": secrets,
    }
    printing.show(_row(found) | more, is_json=is_json)


@application.command(epilog=example("gatepass application disable CLIENT_ID"))
@_APPLICATION
@dry_run_option
@changing_options
def disable(application_id: str, target: options.Target, *, assent: Assent) -> None:
    """Disable an application: no new tokens; its existing tokens are revoked permanently."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        check_effect(operations, "application.disable", one, assent)
        operations.perform("application.disable", one)
    click.echo(f"{application_id} is disabled. Its tokens are revoked.")


@application.command(epilog=example("gatepass application enable CLIENT_ID"))
@_APPLICATION
@changing_options
def enable(application_id: str, target: options.Target) -> None:
    """Enable a disabled application; its earlier tokens stay revoked."""
    with opened(target) as operations:
        operations.perform("application.enable", {"client_id": application_id})
    click.echo(f"{application_id} is active. Tokens issued before stay revoked.")


@application.command(epilog=example("gatepass application delete CLIENT_ID --yes"))
@_APPLICATION
@assent_options
@changing_options
def delete(application_id: str, target: options.Target, *, assent: Assent) -> None:
    """Delete an application; its credentials and tokens become invalid."""
    one = {"client_id": application_id}
    with opened(target) as operations:
        check_effect(
            operations,
            "application.delete",
            one,
            assent,
            lambda _: str(operations.perform("application.show", one).result["name"]),
            _ask_for_name,
        )
        operations.perform("application.delete", one)
    click.echo(f"{application_id} is deleted.")


def _ask_for_name(name: str) -> None:
    """Ask for the name as confirmation; without a terminal, only --yes confirms."""
    if not sys.stdin.isatty():
        raise click.ClickException(
            "Nothing is deleted. Confirm with --yes, or run the command on a terminal."
        )
    typed = click.prompt(f"Type the application's name to delete it ({name})", err=True)
    if typed.strip() != name:
        raise click.ClickException("The name does not match. Nothing is deleted.")


def _row(found: dict[str, Any]) -> dict[str, object]:
    return {
        "client_id": found["client_id"],
        "name": found["name"],
        "org_id": found["org_id"],
        "created_at": moment(found["created_at"]),
    }
