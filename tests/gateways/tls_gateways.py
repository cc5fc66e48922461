"""The gateways of examples/gateways with TLS, so that callers may show certificates."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import create_connection
from typing import NamedTuple

from client.tls_server import Issued, issue
from gateways.gateway import Answer, Headers, place, started
from server.serving.tls.files import both, key_of

HOST = "api.example.com"
AUTHORITY = issue("Client authority")
CLIENT = issue("Acme", AUTHORITY, "acme.example.com")
OTHER = issue("Other", AUTHORITY, "other.example.com")
_ROOT = issue("Root")
_LEAF = issue("leaf", _ROOT, HOST)
_WITHIN = 30.0  # seconds
_ASK_EVERY = 0.02


class Passed(NamedTuple):
    """How a gateway passes on a certificate, and what its files need for TLS."""

    header: str
    form: str
    changes: Mapping[str, str]


_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
_ENVOY_TLS = f"""filter_chains:
        - transport_socket:
            name: tls
            typed_config:
              "@type": {_TYPE}
              require_client_certificate: false
              common_tls_context:
                tls_certificates:
                  - certificate_chain: {{filename: tls.pem}}
                    private_key: {{filename: tls.key}}
                validation_context:
                  trusted_ca: {{filename: client-ca.pem}}
          filters:"""
_ENVOY_SHOWN = """use_remote_address: true
                forward_client_cert_details: SANITIZE_SET
                set_current_client_cert_details: {cert: true}"""
_TRAEFIK_TLS = """
tls:
  certificates:
    - certFile: tls.pem
      keyFile: tls.key
  options:
    default:
      clientAuth:
        clientAuthType: RequestClientCert

http:
  routers:"""
_TRAEFIK_SHOWN = """middlewares:
    without-forged:
      headers:
        customRequestHeaders:
          X-Forwarded-Tls-Client-Cert: ""
    certificate:
      passTLSClientCert:
        pem: true
"""

GATEWAYS = {
    "nginx": Passed(
        "X-Client-Cert",
        "pem",
        {
            "listen 127.0.0.1:8080;": (
                "listen 127.0.0.1:8080 ssl; ssl_certificate tls.pem; ssl_certificate_key tls.key; "
                "ssl_verify_client optional_no_ca; ssl_session_tickets off;"
            )
        },
    ),
    "caddy": Passed(
        "X-Ssl-Client-Cert",
        "der",
        {
            "admin off": "admin off\n\tauto_https off",
            "http://:8080 {": (
                "https://:8080 {\n\ttls tls.pem tls.key {\n\t\tclient_auth {\n"
                "\t\t\tmode request\n\t\t}\n\t}"
            ),
        },
    ),
    "haproxy": Passed(
        "Client-Cert",
        "rfc9440",
        {
            "bind 127.0.0.1:8080": (
                "bind 127.0.0.1:8080 ssl crt haproxy.pem verify optional ca-file client-ca.pem "
                "crt-ignore-err all ca-ignore-err all no-tls-tickets"
            )
        },
    ),
    "traefik": Passed(
        "X-Forwarded-Tls-Client-Cert",
        "pem",
        {
            "    http:\n      encoded": "    http:\n      tls: {}\n      encoded",
            "\nhttp:\n  routers:": _TRAEFIK_TLS,
            "  middlewares:\n": f"  {_TRAEFIK_SHOWN}",
            "[needs-read,": "[without-forged, certificate, needs-read,",
            "[Authorization, DPoP]": "[Authorization, DPoP, X-Forwarded-Tls-Client-Cert]",
        },
    ),
    "envoy": Passed(
        "X-Forwarded-Client-Cert",
        "xfcc",
        {
            "filter_chains:\n        - filters:": _ENVOY_TLS,
            "use_remote_address: true": _ENVOY_SHOWN,
            "{exact: dpop}]": "{exact: dpop}, {exact: x-forwarded-client-cert}]",
        },
    ),
}


class TlsGateway:
    """A gateway that asks callers for a certificate, and lets those without one in."""

    def __init__(self, name: str, folder: Path, port: int) -> None:
        self.name, self.port = name, port
        self._folder = folder

    def ask(
        self,
        path: str,
        headers: Headers = (),
        *,
        method: str = "GET",
        shown: Issued | None = None,
    ) -> Answer:
        """Send a request with a certificate or none, with path and headers to the letter."""
        context = ssl.create_default_context(cadata=_ROOT.pem.decode())
        if shown is not None:
            context.load_cert_chain(both(self._folder, shown, "shown"))
        raw = create_connection(("127.0.0.1", self.port), _WITHIN)
        connection = HTTPConnection(HOST, self.port)
        with closing(raw), context.wrap_socket(raw, server_hostname=HOST) as secure:
            connection.sock = secure
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for header in (("Host", HOST), *headers):
                connection.putheader(*header)
            connection.endheaders()
            with connection.getresponse() as response:
                return Answer(response.status, response.headers, response.read())


@contextmanager
def tls_gateway(name: str, folder: Path, *, gatepass: int, api: int) -> Iterator[TlsGateway]:
    """Run a gateway by its file with TLS, in front of a Gatepass and an API on these ports."""
    (folder / "tls.pem").write_bytes(_LEAF.pem)
    (folder / "tls.key").write_bytes(key_of(_LEAF))
    (folder / "haproxy.pem").write_bytes(_LEAF.pem + key_of(_LEAF))
    (folder / "client-ca.pem").write_bytes(AUTHORITY.pem)
    port = place(folder, GATEWAYS[name].changes, gatepass=gatepass, api=api)
    with started(name, folder, port, is_plain=False):
        gateway = TlsGateway(name, folder, port)
        _wait_until_ready(gateway, folder / "log")
        yield gateway


def _wait_until_ready(gateway: TlsGateway, log: Path) -> None:
    deadline, answer = time.monotonic() + _WITHIN, None
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            answer = gateway.ask("/orders/")
            if answer.status == 401:
                return
        time.sleep(_ASK_EVERY)
    raise AssertionError(f"{gateway.name} is not ready: {answer}\n{log.read_text()[-3000:]}")
