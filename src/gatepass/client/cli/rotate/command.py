"""`gatepass rotate`, for a schedule: prepares, writes, reads back, tries, commits."""

import os
import time
from collections.abc import Mapping

import click

from gatepass.client import variables as env
from gatepass.client.errors import ClientError, ConfigurationError
from gatepass.command_group import example


@click.command(
    epilog=example("gatepass rotate --into vault:secret/partners/gatepass#client_secret")
)
@click.option(
    "--into",
    metavar="STORE",
    help="file:PATH, vault:MOUNT/PATH#FIELD, aws:NAME#FIELD, gcp:NAME#FIELD or "
    f"azure:VAULT/SECRET#FIELD. [default: {env.CLIENT_SECRET_FROM} or {env.CLIENT_SECRET_FILE}]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def rotate(*, into: str | None, dry_run: bool) -> None:
    """Replace the client secret in a secret store, without a gap.

    An administrator turns on automatic rotation in the portal. Run this on a schedule: until the
    next rotation is possible it changes nothing. It may be stopped at any step: the store always
    has a secret that works, and the next run goes on. Token URL and client id come from
    GATEPASS_TOKEN_URL and GATEPASS_CLIENT_ID. Exit status: 0 where the secret was rotated or it is
    not time yet, else 1. No secret is printed.
    """
    from gatepass.client.cli.rotate.steps import Clock, Rotation  # take a while to load
    from gatepass.client.doctor.probes import sender
    from gatepass.client.secrets.writing.uri import store_of
    from gatepass.client.settings import ClientSettings
    from gatepass.client.tokens import clock

    try:
        place = into or _default(os.environ)
        store = store_of(place)
        settings = ClientSettings.from_env(_without_secret(os.environ, place))
        send = sender(settings.token_url, settings.ca_file, settings.certificate)
        timing = Clock(clock.now, time.sleep)
        Rotation(store, settings, send, timing, click.echo).run(only_look=dry_run)
    except ClientError as error:
        raise click.ClickException(str(error)) from None


def _default(environ: Mapping[str, str]) -> str:
    """Return the store that programs with these settings read."""
    if place := environ.get(env.CLIENT_SECRET_FROM):
        return place
    if path := environ.get(env.CLIENT_SECRET_FILE):
        return f"file:{path}"
    raise ConfigurationError(
        f"name the store: --into, or {env.CLIENT_SECRET_FROM}, or {env.CLIENT_SECRET_FILE}"
    )


def _without_secret(environ: Mapping[str, str], place: str) -> dict[str, str]:
    """Return the settings, with the store as the only place of a secret."""
    secrets = (env.CLIENT_SECRET, env.CLIENT_SECRET_FILE, env.NEXT_CLIENT_SECRET)
    nexts = tuple(f"{env.NEXT_CLIENT_SECRET}{kind}" for kind in ("_FILE", "_FROM"))
    kept = {name: text for name, text in environ.items() if name not in {*secrets, *nexts}}
    return kept | {env.CLIENT_SECRET_FROM: place}
