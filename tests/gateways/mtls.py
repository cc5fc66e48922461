"""The files of examples/deploy/mtls as processes, on loopback ports, with certificates."""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import create_connection
from typing import NamedTuple

from client.tls_server import Issued, issue
from gatepass.jose.x509.headers import Form
from gateways.deployed import APP, SANDBOX
from gateways.gateway import Answer, Headers, started
from server.serving.tls.files import both, key_of
from server_process import free_ports

EXAMPLES = Path(__file__).parents[2] / "examples" / "deploy" / "mtls"
AUTHORITY = issue("Client authority")
CLIENT = issue("Acme", AUTHORITY, "acme.example.com")
OTHER = issue("Other", AUTHORITY, "other.example.com")
SELF_SIGNED = issue("Self", None, "self.example.com")
VERIFIED = "X-Client-Verify"
_WITHIN = 30.0  # seconds
_ASK_EVERY = 0.02


class Passed(NamedTuple):
    """How a proxy passes on a certificate, as its file says."""

    header: str
    form: Form
    takes_self_signed: bool


PROXIES = {
    "nginx": Passed("X-Client-Cert", "pem", takes_self_signed=True),
    "haproxy": Passed("Client-Cert", "rfc9440", takes_self_signed=True),
    "traefik": Passed("X-Forwarded-Tls-Client-Cert", "pem", takes_self_signed=False),
    "envoy": Passed("X-Forwarded-Client-Cert", "xfcc", takes_self_signed=False),
}


class MtlsProxy:
    """A proxy with a port for everybody and one that asks for certificates."""

    def __init__(self, name: str, folder: Path, main: int, mutual: int, root: bytes) -> None:
        self.passed = PROXIES[name]
        self.main, self.mutual = main, mutual
        self._folder = folder
        self._root = root.decode()

    def ask(
        self,
        port: int,
        path: str = "/",
        certificate: Issued | None = None,
        *,
        method: str = "GET",
        headers: Headers = (),
        body: bytes = b"",
    ) -> Answer:
        """Send a request with a client certificate or none, and headers to the letter."""
        context = ssl.create_default_context(cadata=self._root)
        if certificate is not None:
            context.load_cert_chain(both(self._folder, certificate, "shown"))
        connection = HTTPConnection(APP, port)
        raw = create_connection(("127.0.0.1", port), _WITHIN)
        with closing(raw), context.wrap_socket(raw, server_hostname=APP) as secure:
            connection.sock = secure
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            length = (("Content-Length", str(len(body))),) if method == "POST" else ()
            for header in (("Host", APP), *length, *headers):
                connection.putheader(*header)
            connection.endheaders(body or None)
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())


@contextmanager
def mtls_proxy(name: str, folder: Path, server: int) -> Iterator[MtlsProxy]:
    """Run a proxy by its file in front of a server on a loopback port."""
    main, mutual = free_ports(), free_ports()
    root = issue("Root")
    leaf = issue("leaf", root, APP, SANDBOX)
    (folder / "tls.pem").write_bytes(leaf.pem)
    (folder / "tls.key").write_bytes(key_of(leaf))
    (folder / "haproxy.pem").write_bytes(leaf.pem + key_of(leaf))
    (folder / "client-ca.pem").write_bytes(AUTHORITY.pem)
    ports = {"443": main, "8443": mutual, "8000": server}
    for file in EXAMPLES.iterdir():
        (folder / file.name).write_text(_placed(file.read_text(), folder, ports))
    with started(name, folder, main, is_plain=False):
        proxy = MtlsProxy(name, folder, main, mutual, root.pem)
        _wait_until_ready(proxy, folder / "log")
        yield proxy


def _placed(text: str, folder: Path, ports: dict[str, int]) -> str:
    """Return a file's text with loopback addresses, these ports and files."""
    text = text.replace("/etc/gatepass", str(folder)).replace("0.0.0.0", "127.0.0.1")
    text = re.sub(
        r"(port_value: |127\.0\.0\.1:)(443|8443|8000)\b",
        lambda found: f"{found[1]}{ports[found[2]]}",
        text,
    )
    return re.sub(
        r'(listen |bind |address: "):?(443|8443)\b',
        lambda found: f"{found[1]}127.0.0.1:{ports[found[2]]}",
        text,
    )


def _wait_until_ready(proxy: MtlsProxy, log: Path) -> None:
    """Wait until the proxy knows its routes and the server."""
    deadline = time.monotonic() + _WITHIN
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            if {proxy.ask(port, "/healthz").status for port in (proxy.main, proxy.mutual)} == {200}:
                return
        time.sleep(_ASK_EVERY)
    raise AssertionError(f"The proxy is not ready\n{log.read_text()[-3000:]}")
