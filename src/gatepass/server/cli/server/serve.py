"""`gatepass serve`: run the authorization server, the portal and the Partner API."""

from pathlib import Path
from typing import Any

import click

from gatepass.command_group import example
from gatepass.server.cli.terminal import errors, local_data, options
from gatepass.server.configuration.settings import Settings, load
from gatepass.server.environment import data_directory
from gatepass.server.environment.environment import NAMES
from gatepass.server.serving.processes import published_addresses
from gatepass.server.storage import master_key
from gatepass.wire.credential import Mode

_FILE = click.Path(path_type=Path, dir_okay=False)
_FIRST_START = """\
First start. Gatepass created {data}:
  two environments, each with its own database, keys and accounts
  {key}, which encrypts their keys: back it up separately from the databases

"""
_ADDRESSES = """\
Production  {production}
Sandbox     {sandbox}
"""
_NEXT = """\

Next, create an organization and its first administrator:
  {variables}gatepass organization create "Acme Energy" --admin anna --environment sandbox{data}
"""


@click.command(epilog=example("gatepass serve --data /srv/gatepass --port 8000 --workers 2"))
@options.target_options
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="Address to listen on; `::` is all of IPv6 and IPv4. Repeatable. [default: 127.0.0.1]",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of production. [default: 8000]")
@click.option(
    "--sandbox-port", type=click.IntRange(1, 65535), help="Port of the sandbox. [default: PORT + 1]"
)
@click.option(
    "--tls-cert",
    type=_FILE,
    help="PEM file of the server's certificate and its authorities: the server speaks TLS itself.",
)
@click.option("--tls-key", type=_FILE, help="PEM file of the certificate's private key.")
@click.option(
    "--mtls-port",
    type=click.IntRange(1, 65535),
    help="Port that asks clients for a certificate. [default: none]",
)
@click.option("--client-ca", type=_FILE, help="PEM file of the authorities of client certificates.")
@click.option("--workers", type=click.IntRange(1, 64), help="Number of processes. [default: 1]")
@click.option(
    "--create-database",
    type=click.Choice(list(NAMES.values())),
    multiple=True,
    help="Create this environment's database if it is missing.",
)
def serve(
    target: options.Target,
    hosts: tuple[str, ...],
    port: int | None,
    sandbox_port: int | None,
    workers: int | None,
    create_database: tuple[str, ...],
    **tls: Any,  # noqa: ANN401 - the options of `_tls`
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    from gatepass.server import run  # takes a while to load

    ports = {"port": port, "sandbox_port": sandbox_port}
    settings = local_data.settings_of(
        target, host=hosts or None, workers=workers, tls=_tls(**tls), **ports
    )
    with errors.one_line_errors():
        text = greeting(settings, target.config, is_first=data_directory.is_new(settings))
        sockets = run.listen(settings)
        data_directory.prepare(settings, create_database)
        click.echo(text, nl=False)
        with published_addresses.published(settings):
            run.run(settings, sockets)


def _tls(
    tls_cert: Path | None, tls_key: Path | None, mtls_port: int | None, client_ca: Path | None
) -> dict[str, object] | None:
    """Return what the options say of the server's own TLS; None if nothing."""
    named = {
        "certificate": tls_cert,
        "key": tls_key,
        "mtls_port": mtls_port,
        "client_ca": client_ca,
    }
    return {name: value for name, value in named.items() if value is not None} or None


def greeting(settings: Settings, config: Path | None, *, is_first: bool) -> str:
    """Return the text that is printed at the start."""
    addresses = _ADDRESSES.format(**{name: settings.issuer(mode) for mode, name in NAMES.items()})
    if not is_first:
        return addresses
    key = master_key.place_of(settings.data, settings.master_key_source).name
    first = _FIRST_START.format(data=settings.data, key=key)
    return f"{first}{addresses}{_next(settings, config)}"


def _next(settings: Settings, config: Path | None) -> str:
    """Return the next command, with the settings that it would not find by default."""
    known = load(config, data=settings.data)
    default = load()
    variables = (
        ""
        if known.issuer(Mode.TEST) == settings.issuer(Mode.TEST)
        else (f"GATEPASS_PORT={settings.port} GATEPASS_SANDBOX_PORT={settings.sandbox_port} ")
    )
    data = "" if default.data == settings.data else f" --data {settings.data}"
    return _NEXT.format(variables=variables, data=data + (f" --config {config}" if config else ""))
