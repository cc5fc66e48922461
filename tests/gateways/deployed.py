"""The files of examples/deploy as processes, on loopback ports and with a certificate made here."""

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import IPPROTO_TCP, TCP_NODELAY, create_connection

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from client.tls_server import issue
from gateways.gateway import Answer, Headers, started
from server_process import free_ports

EXAMPLES = Path(__file__).parents[2] / "examples" / "deploy"
TWO_NODES = EXAMPLES / "two-nodes"
NAMES = ("nginx", "caddy", "haproxy", "traefik")
APP, SANDBOX = "app.example.com", "sandbox.example.com"
_WITHIN = 30.0  # seconds
_ASK_EVERY = 0.02


class Deployed:
    """A proxy that speaks TLS on one port and plain HTTP on another."""

    def __init__(self, port: int, plain_port: int, root: bytes) -> None:
        self.port = port
        self.plain_port = plain_port
        self._context = ssl.create_default_context(cadata=root.decode())

    def connect(self, name: str = APP) -> HTTPConnection:
        """Return a connection over TLS to the server `name`, which is kept for many requests."""
        connection = HTTPConnection(name, self.port)
        raw = create_connection(("127.0.0.1", self.port), _WITHIN)
        raw.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        connection.sock = self._context.wrap_socket(raw, server_hostname=name)
        return connection

    def ask(
        self,
        path: str,
        host: str = APP,
        *,
        method: str = "GET",
        headers: Headers = (),
        body: bytes = b"",
        source: str = "127.0.0.1",
        name: str = APP,
    ) -> Answer:
        """Send a request over TLS to the server `name`, with path and headers to the letter."""
        connection = HTTPConnection(host, self.port)
        raw = create_connection(("127.0.0.1", self.port), _WITHIN, (source, 0))
        with closing(raw), self._context.wrap_socket(raw, server_hostname=name) as secure:
            connection.sock = secure
            return _answer(connection, method, path, host, headers, body)

    def ask_plainly(self, path: str, host: str = APP) -> Answer:
        """Send a request without TLS."""
        with closing(HTTPConnection("127.0.0.1", self.plain_port, timeout=_WITHIN)) as connection:
            return _answer(connection, "GET", path, host, (), b"")


def _answer(
    connection: HTTPConnection, method: str, path: str, host: str, headers: Headers, body: bytes
) -> Answer:
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    length = (("Content-Length", str(len(body))),) if method == "POST" else ()
    for header in (("Host", host), *length, *headers):
        connection.putheader(*header)
    connection.endheaders(body or None)
    with connection.getresponse() as response:
        return Answer(response.status, response.headers, response.read())


@contextmanager
def deployed(
    name: str, folder: Path, server: int, changes: Mapping[str, str] | None = None
) -> Iterator[Deployed]:
    """Run a proxy by its file, with changes, in front of a server on a loopback port."""
    with _run(name, folder, EXAMPLES, {"127.0.0.1:8000": server, **(changes or {})}) as proxy:
        yield proxy


@contextmanager
def deployed_before_two(
    name: str, folder: Path, nodes: tuple[int, int], changes: Mapping[str, str] | None = None
) -> Iterator[Deployed]:
    """Run a proxy by its file for two nodes, with changes, in front of two loopback ports."""
    addresses = dict(zip(("10.0.0.11:8000", "10.0.0.12:8000"), nodes, strict=True))
    with _run(name, folder, TWO_NODES, {**addresses, **(changes or {})}) as proxy:
        yield proxy


@contextmanager
def _run(
    name: str, folder: Path, files: Path, changes: Mapping[str, str | int]
) -> Iterator[Deployed]:
    port, plain = free_ports(), free_ports()
    root = issue("Root")
    leaf = issue("leaf", root, APP, SANDBOX)
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "tls.pem").write_bytes(leaf.pem)
    (folder / "tls.key").write_bytes(key)
    (folder / "haproxy.pem").write_bytes(leaf.pem + key)
    for file in files.iterdir():
        if not file.is_file():
            continue
        text = file.read_text()
        for old, new in changes.items():
            text = text.replace(old, new if isinstance(new, str) else f"127.0.0.1:{new}")
        (folder / file.name).write_text(_placed(text, folder, port, plain))
    with started(name, folder, plain):
        proxy = Deployed(port, plain, root.pem)
        _wait_until_ready(proxy, folder / "log")
        yield proxy


def _placed(text: str, folder: Path, port: int, plain: int) -> str:
    """Return a file's text with loopback addresses, these ports and files."""
    text = text.replace("/etc/gatepass", str(folder))
    ports = {"443": str(port), "80": str(plain)}
    text = re.sub(
        r'(listen |bind :|address: ":)(443|80)\b',
        lambda found: f"{found[1].removesuffix(':')}127.0.0.1:{ports[found[2]]}",
        text,
    )
    own = f"admin off\n\thttp_port {plain}\n\thttps_port {port}\n\tdefault_bind 127.0.0.1"
    return text.replace("admin off", own)


def _wait_until_ready(proxy: Deployed, log: Path) -> None:
    """Wait until the proxy knows its route and the server."""
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            if proxy.ask("/healthz").status == 200:
                return
        time.sleep(_ASK_EVERY)
    raise AssertionError(f"The proxy is not ready\n{log.read_text()[-3000:]}")
