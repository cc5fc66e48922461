"""`gatepass demo`: starts a server on an empty data directory and runs the main use case."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import click

from gatepass.command_group import example
from gatepass.server.cli.terminal import errors
from gatepass.server.configuration.settings import Settings, load
from gatepass.server.environment import data_directory
from gatepass.server.observability import logging
from gatepass.server.serving.processes import published_addresses
from gatepass.wire.credential import Mode

_LOG = "demo.log"
_PORT = 8000
_END = """
━━ Your turn
Portal    {address}/
Username  {username}
Password  {password}
API docs  {address}/api/partners/v2.0/docs
Log       {log}
"""


@click.command(epilog=example("gatepass demo --data /tmp/gatepass-demo --port 9000"))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Empty data directory. [default: ./gatepass-data]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    help="Port of production; the sandbox uses the next one. [default: 8000, or a free one]",
)
@click.option("--once", is_flag=True, help="Exit when the demo is over.")
def demo(data: Path | None, port: int | None, *, once: bool) -> None:
    """Demonstrate Gatepass over real HTTP, from the first login to an API call with a token."""
    from gatepass.server import run  # takes a while to load

    with errors.one_line_errors():
        settings = _settings(data, port or _PORT)
        _check_empty(settings)
        try:
            sockets = run.listen(settings)
        except data_directory.ServingError:
            if port is not None:
                raise
            settings = _settings(data, _free_ports())
            sockets = run.listen(settings)
            click.echo(f"Port {_PORT} or {_PORT + 1} is in use: the demo uses {settings.port}.")
        data_directory.open_directory(settings)
        with (settings.data / _LOG).open("a", encoding="utf-8") as log:
            logging.configure(settings.log_format, log)
            data_directory.prepare(settings)
            with published_addresses.published(settings):
                run.run(settings, sockets, companion=lambda: _run(settings, once=once))


def _settings(data: Path | None, port: int) -> Settings:
    return load(data=data, port=port, sandbox_port=port + 1, workers=1, drain_seconds=0)


def _free_ports() -> int:
    """Return the first port after the default for which the next one is free, too."""
    for port in range(_PORT + 2, 65534, 2):
        with suppress(OSError), closing(_held(port)), closing(_held(port + 1)):
            return port
    raise data_directory.ServingError("No port is free. Choose one with --port.")


def _held(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def _check_empty(settings: Settings) -> None:
    folder = settings.data
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise data_directory.ServingError(
            f"The demo needs an empty directory; {folder} is not empty. Choose another with --data."
        )


def _run(settings: Settings, *, once: bool) -> bool:
    """Run the demo; return whether the server keeps running."""
    import httpx2

    from gatepass.server.cli.demo import partner, steps, transcript  # takes a while to load

    click.echo(f"A server runs on {settings.data}: the sandbox is {settings.issuer(Mode.TEST)}")
    try:
        access = steps.run(settings, transcript.Transcript(click.echo))
    except (partner.DemoError, httpx2.TransportError) as error:
        raise data_directory.ServingError(f"{error} See {settings.data / _LOG}.") from None
    click.echo(
        _END.format(
            address=access.address,
            username=access.username,
            password=access.password.value,
            log=settings.data / _LOG,
        )
    )
    if not once:
        click.echo("The server runs until Ctrl-C.")
    return not once
