"""`gatepass demo`: a server on an empty data directory, and the main job played against it."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import click

from gatepass.server import logs, opening, running
from gatepass.server.commands import options
from gatepass.server.settings import Settings, load
from gatepass.wire.credential import Mark

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


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="An empty data directory. [default: ./gatepass-data]",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    help="Of production; the sandbox has the next one. [default: 8000, or a free one]",
)
@click.option("--once", is_flag=True, help="End when the demo is over.")
def demo(data: Path | None, port: int | None, *, once: bool) -> None:
    """Show it: from initial credentials to an authenticated API call, over real HTTP."""
    from gatepass.server import serving  # takes a while to load

    with options.one_line():
        settings = _settings(data, port or _PORT)
        _check_empty(settings)
        try:
            sockets = serving.listen(settings)
        except opening.ServingError:
            if port is not None:
                raise
            settings = _settings(data, _free_ports())
            sockets = serving.listen(settings)
            click.echo(f"Port {_PORT} or {_PORT + 1} is taken: the demo is on {settings.port}.")
        opening.open_directory(settings)
        with (settings.data / _LOG).open("a", encoding="utf-8") as log:
            logs.configure(settings.log_format, log)
            opening.prepare(settings)
            with running.published(settings):
                serving.run(settings, sockets, beside=lambda: _play(settings, once=once))


def _settings(data: Path | None, port: int) -> Settings:
    return load(data=data, port=port, sandbox_port=port + 1, workers=1)


def _free_ports() -> int:
    """Return the first port after the usual one that is free together with the next."""
    for port in range(_PORT + 2, 65534, 2):
        with suppress(OSError), closing(_held(port)), closing(_held(port + 1)):
            return port
    raise opening.ServingError("No port is free. Name one with --port.")


def _held(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def _check_empty(settings: Settings) -> None:
    folder = settings.data
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise opening.ServingError(
            f"The demo needs an empty folder, and {folder} is none. Choose one with --data."
        )


def _play(settings: Settings, *, once: bool) -> bool:
    """Play, and tell whether the server goes on."""
    import httpx2

    from gatepass.server.demo import partner, play, story  # takes a while to load

    click.echo(f"A server runs on {settings.data}: the sandbox is {settings.issuer(Mark.TEST)}")
    try:
        access = play.play(settings, story.Story(click.echo))
    except (partner.DemoError, httpx2.TransportError) as error:
        raise opening.ServingError(f"{error} See {settings.data / _LOG}.") from None
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
