"""A server with a port for client certificates, an API over TLS, and clients with certificates."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat, pkcs12
from werkzeug.serving import make_server

from client.tls_server import Issued, issue
from commands import run_in_process
from gatepass.guard import ClientCertificates, Guard
from gatepass.guard.wsgi import Protected
from server.serving.tls.files import CLIENT, CLIENTS, ROOT, SERVER, both
from server.serving.tls.process import TlsServer
from server.serving.tls.registration import register_certificate, register_host
from server_process import Server

SELF_SIGNED = issue("Self", None, "self.example.com")
OTHER = issue("Other", CLIENTS, "other.example.com")  # by the same authority
_ACCEPTED = CLIENTS.pem + SELF_SIGNED.pem
METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
STORE_PASSWORD = "changeit"


class MutualClient(NamedTuple):
    """An application that has a certificate; `certificate` has its private key as well."""

    client_id: str
    method: str
    certificate: Path
    store: Path  # the same as PKCS#12


class Mutual(NamedTuple):
    """What a partner's engineer has been given."""

    issuer: str
    api_url: str
    root: Path  # the authority of server and API
    root_store: Path  # the same as a trust store of Java
    other: Path  # a certificate that is another client's, with its key
    other_store: Path
    clients: dict[str, MutualClient]  # by method

    def given(self, method: str) -> dict[str, str]:
        """Return what a program of another language reads."""
        client = self.clients[method]
        return {
            "issuer": self.issuer,
            "api_url": self.api_url,
            "client_id": client.client_id,
            "method": method,
            "certificate": str(client.certificate),
            "other": str(self.other),
            "root": str(self.root),
        }


@pytest.fixture(scope="module")
def mutual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutual]:
    """The server and the API, and an application for each method, whose tokens are bound."""
    folder = tmp_path_factory.mktemp("mutual")
    server = TlsServer(folder, clients=_ACCEPTED)
    try:
        server.start()
        org_id = server.create_organization().org_id
        clients = {each.method: each for each in _registered(server, org_id, folder)}
        own = server.create_application(org_id, "API", scope="introspection")
        root = server.folder / "root.pem"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(root))  # the guard introspects over TLS
            with (
                Guard(
                    server.url(),
                    client_id=own.client_id,
                    client_secret=own.client_secret,
                    client_certificates=ClientCertificates(),
                ) as guard,
                _api(guard, folder) as api_url,
            ):
                yield Mutual(
                    server.url(),
                    api_url,
                    root,
                    _trust_store(folder / "root.p12"),
                    both(folder, OTHER, "other"),
                    _store(folder / "other.p12", OTHER),
                    clients,
                )
    finally:
        server.close()


def _registered(server: Server, org_id: str, folder: Path) -> Iterator[MutualClient]:
    for method, issued in zip(METHODS, (CLIENT, SELF_SIGNED), strict=True):
        client_id = server.create_application(org_id, method).client_id
        if method == "tls_client_auth":
            register_host(server, client_id, "acme.example.com")
        else:
            register_certificate(server, client_id, issued.pem)
        _require_certificate(server, client_id)
        store = _store(folder / f"{method}.p12", issued)
        yield MutualClient(client_id, method, both(folder, issued, method), store)


def _require_certificate(server: Server, client_id: str) -> None:
    bound = ("application", "set", client_id, "--certificate-bound", "required")
    where = ("--environment", "production", "--data", str(server.data))
    ran = run_in_process(*bound, *where)
    assert ran.status == 0, ran.err


@contextmanager
def _api(guard: Guard, folder: Path) -> Iterator[str]:
    """Serve an API that takes each certificate that the server takes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both(folder, SERVER, "api"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=_ACCEPTED.decode())

    def app(_environ: object, start_response: Any) -> list[bytes]:  # noqa: ANN401 - of WSGI
        start_response("200 OK", [("Content-Length", "4")])
        return [b"well"]

    server = make_server("localhost", 0, Protected(app, guard), threaded=True, ssl_context=context)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/meters"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _store(file: Path, issued: Issued) -> Path:
    how = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(1).build(STORE_PASSWORD.encode())
    text = pkcs12.serialize_key_and_certificates(
        b"client", issued.key, issued.certificate, None, how
    )
    file.write_bytes(text)
    return file


def _trust_store(file: Path) -> Path:
    root = pkcs12.PKCS12Certificate(ROOT.certificate, b"root")
    file.write_bytes(pkcs12.serialize_java_truststore([root], NoEncryption()))
    return file
