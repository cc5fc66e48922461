"""The gateways as processes: each runs the very files of examples/gateways, on other ports."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import NamedTuple

from commands import clean_variables
from server_process import free_ports

EXAMPLES = Path(__file__).parents[2] / "examples" / "gateways"
_FORWARDING = Path(__file__).parent / "forwarding"
NOBODYS = "00000000-0000-0000-0000-000000000000"  # the organization in the examples

_WITHIN = 30.0  # seconds
_ASK_EVERY = 0.02
_PROGRAMS = {
    "nginx": ("nginx", "-p", ".", "-c", "nginx.conf", "-g", "daemon off;"),
    "caddy": ("caddy", "run", "--config", "Caddyfile"),
    "haproxy": ("haproxy", "-db", "-f", "haproxy.cfg"),
    "traefik": ("traefik", "--configFile=traefik.yaml"),
    "envoy": ("envoy", "-c", "envoy.yaml", "--concurrency", "1", "--disable-hot-restart"),
}
NAMES = tuple(_PROGRAMS)

Headers = tuple[tuple[str, str], ...]


class Answer(NamedTuple):
    """What a gateway answered."""

    status: int
    headers: HTTPMessage
    body: bytes


class Gateway:
    """A gateway that listens; ask it for something."""

    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.port = port

    def ask(
        self,
        path: str,
        token: str | None = None,
        *,
        method: str = "GET",
        headers: Headers = (),
        body: bytes = b"",
        source: str = "127.0.0.1",
    ) -> Answer:
        """Send a request with path and headers to the letter, and give the answer."""
        connection = HTTPConnection(
            "127.0.0.1", self.port, timeout=_WITHIN, source_address=(source, 0)
        )
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        bearer = (("Authorization", f"Bearer {token}"),) if token is not None else ()
        length = (("Content-Length", str(len(body))),) if body else ()
        for header in (("Host", "api.example.com"), *bearer, *length, *headers):
            connection.putheader(*header)
        connection.endheaders(body or None)
        with connection.getresponse() as response:
            answer = Answer(response.status, response.headers, response.read())
        connection.close()
        return answer


def program(name: str) -> str | None:
    """Return the path of a gateway's program, None where it is not installed."""
    beside = Path(sys.executable).parent / name  # what came as a Python package
    return str(beside) if beside.exists() else shutil.which(name)


def place(folder: Path, changes: Mapping[str, str], *, gatepass: int, api: int) -> int:
    """Write the files of examples/gateways with changes; return the port of the gateway."""
    port = free_ports()
    ports = {"8080": str(port), "8000": str(gatepass), "9000": str(api)}
    for file in EXAMPLES.iterdir():
        text = file.read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        placed = re.sub(r"\b(?:8080|8000|9000)\b", lambda found: ports[found[0]], text)
        (folder / file.name).write_text(placed)
    return port


@contextmanager
def running(
    name: str, folder: Path, changes: Mapping[str, str], *, gatepass: int, api: int
) -> Iterator[Gateway]:
    """Run a gateway in front of a Gatepass and an API on these ports, with changes of its files."""
    port = place(folder, changes, gatepass=gatepass, api=api)
    with started(name, folder, port) as gateway:
        yield gateway


@contextmanager
def forwarding(name: str, folder: Path, port: int, *changes: tuple[str, str]) -> Iterator[Gateway]:
    """Run a gateway by its file in `forwarding`, with changes, before a server on `port`."""
    own = free_ports()
    shutil.copytree(_FORWARDING / name, folder / name)
    for file in (folder / name).iterdir():
        text = file.read_text()
        for old, new in changes:
            text = text.replace(old, new)
        file.write_text(text.replace("8000", str(port)).replace("8080", str(own)))
    with started(name, folder / name, own) as gateway:
        yield gateway


@contextmanager
def started(name: str, folder: Path, port: int, *, is_plain: bool = True) -> Iterator[Gateway]:
    """Run a gateway by the configuration files in `folder` and wait until it is ready.

    The caller waits where the port speaks TLS, and so is not `is_plain`.
    """
    found = program(name)
    assert found is not None
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [found, *_PROGRAMS[name][1:]],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=clean_variables({"HOME": str(folder), "XDG_DATA_HOME": str(folder)}),
        )
    try:
        gateway = Gateway(name, port)
        if is_plain:
            _wait_until_ready(process, gateway, folder / "log")
        yield gateway
    finally:
        process.terminate()
        try:
            process.wait(_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], gateway: Gateway, log: Path) -> None:
    """Wait until it listens and knows its rules, which Traefik reads later."""
    deadline = time.monotonic() + _WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if gateway.name != "traefik" or gateway.ask("/orders/").status != 404:
                gateway.ask("/")
                return
        time.sleep(_ASK_EVERY)
    raise AssertionError(f"{gateway.name} is not ready\n{log.read_text()[-3000:]}")
