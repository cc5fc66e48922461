"""`gatepass serve`: run the authorization server, the portal and the Partner API."""

from pathlib import Path

import click

from gatepass.server import opening, running
from gatepass.server.commands import options
from gatepass.server.environment import NAMES
from gatepass.server.keys import master
from gatepass.server.settings import Settings, load
from gatepass.wire.credential import Mark

_FIRST_START = """\
Gatepass is new here. It has made {data}:
  two environments, each with its own database, keys and accounts
  {key}, which protects their keys: back it up, apart from the databases

"""
_ADDRESSES = """\
Production  {production}
Sandbox     {sandbox}
"""
_NEXT = """\

Next, create an organization and its first administrator:
  {variables}gatepass organization create "Acme Energy" --admin anna --environment sandbox{data}
"""


@click.command()
@options.where
@click.option(
    "--host",
    "hosts",
    multiple=True,
    help="Address to listen on; `::` is all of IPv6 and IPv4. May repeat. [default: 127.0.0.1]",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Of production. [default: 8000]")
@click.option(
    "--sandbox-port", type=click.IntRange(1, 65535), help="Of the sandbox. [default: PORT + 1]"
)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes. [default: 1]")
def serve(
    data: Path | None,
    config: Path | None,
    hosts: tuple[str, ...],
    port: int | None,
    sandbox_port: int | None,
    workers: int | None,
) -> None:
    """Run the server until it is told to end (SIGTERM or Ctrl-C)."""
    from gatepass.server import serving  # takes a while to load

    settings = options.settings_of(
        data, config, host=hosts or None, port=port, sandbox_port=sandbox_port, workers=workers
    )
    with options.one_line():
        text = greeting(settings, config, is_first=opening.is_new(settings))
        sockets = serving.listen(settings)
        opening.prepare(settings)
        click.echo(text, nl=False)
        with running.published(settings):
            serving.run(settings, sockets)


def greeting(settings: Settings, config: Path | None, *, is_first: bool) -> str:
    """Give what is printed when the server starts."""
    addresses = _ADDRESSES.format(**{name: settings.issuer(mark) for mark, name in NAMES.items()})
    if not is_first:
        return addresses
    key = settings.data / master.FILE_NAME
    first = _FIRST_START.format(data=settings.data, key=key)
    return f"{first}{addresses}{_next(settings, config)}"


def _next(settings: Settings, config: Path | None) -> str:
    """Say how to go on, with what another command would not know by itself."""
    known = load(config, data=settings.data)
    default = load()
    variables = (
        ""
        if known.issuer(Mark.TEST) == settings.issuer(Mark.TEST)
        else (f"GATEPASS_PORT={settings.port} GATEPASS_SANDBOX_PORT={settings.sandbox_port} ")
    )
    data = "" if default.data == settings.data else f" --data {settings.data}"
    return _NEXT.format(variables=variables, data=data + (f" --config {config}" if config else ""))
