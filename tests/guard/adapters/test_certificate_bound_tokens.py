"""Tokens that are bound to a client certificate, through every adapter (RFC 8705 §3)."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import pytest
from werkzeug.serving import make_server

from gatepass.guard import ClientCertificates, Denied, DPoP, Guard, Request
from gatepass.guard.asgi import request_of as asgi_request
from gatepass.guard.testing import ClientCertificate, FakeIssuer
from gatepass.guard.wsgi import Protected
from gatepass.guard.wsgi import request_of as wsgi_request
from gatepass.jose.x509.headers import FORMS, Form
from guard.adapters.apis import ADAPTERS

HEADER = "X-Client-Cert"


@pytest.fixture(scope="module")
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


@pytest.fixture(scope="module")
def certificate(issuer: FakeIssuer) -> ClientCertificate:
    return issuer.client_certificate()


@pytest.fixture(scope="module")
def other(issuer: FakeIssuer) -> ClientCertificate:
    return issuer.client_certificate("another")


def status(guard: Guard, request: Request) -> int:
    try:
        guard.identify(request)
    except Denied as denied:
        return denied.error_response.status
    return 200


@pytest.mark.spec("RFC 8705", "3")
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_token_passes_with_its_certificate_alone(
    adapter: str, issuer: FakeIssuer, certificate: ClientCertificate, other: ClientCertificate
) -> None:
    options = issuer.options(client_certificates=ClientCertificates(HEADER))
    right, wrong = certificate.header(), other.header()
    key = issuer.dpop_key()
    with ADAPTERS[adapter](options) as address, httpx2.Client() as client:
        url = f"{address}/meters"

        def answers(token: str, scheme: str = "Bearer", **more: str) -> list[int]:
            sent = {"Authorization": f"{scheme} {token}"} | more
            headers: list[dict[str, str]] = [{HEADER: right}, {HEADER: wrong}, {}, {HEADER: ""}]
            headers += [{HEADER: right[:-40]}, {HEADER: "a" * 30_000}, {"Client-Cert": right}]
            return [client.get(url, headers=sent | each).status_code for each in headers]

        for kind in ("mint", "opaque"):
            bound = getattr(issuer, kind)(cnf=certificate.cnf)
            assert answers(bound) == [200, *[401] * 6]
        both = issuer.mint(cnf=certificate.cnf | key.cnf)
        assert answers(both)[0] == 401
        sent = {HEADER: right, **key.headers("GET", url, both)}
        assert client.get(url, headers=sent).status_code == 200
        sent = {HEADER: wrong, **key.headers("GET", url, both)}
        assert client.get(url, headers=sent).status_code == 401
        sent = {HEADER: right, **key.headers("GET", url, bound)}
        assert client.get(url, headers=sent).status_code == 401


@pytest.mark.spec("RFC 9440", "2")
@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_a_header_is_read(
    issuer: FakeIssuer, certificate: ClientCertificate, other: ClientCertificate, form: Form
) -> None:
    guard = issuer.guard(client_certificates=ClientCertificates("Client-Cert", form))
    token = issuer.mint(cnf=certificate.cnf)

    def sent(*values: str) -> Request:
        lines = [(b"client-cert", each.encode()) for each in values]
        headers = [(b"authorization", f"Bearer {token}".encode()), *lines]
        scope = {"type": "http", "path": "/", "headers": headers}
        return asgi_request(scope, {}, scope)[0]

    right, wrong = certificate.header(form), other.header(form)
    assert status(guard, sent(right)) == 200
    for values in ([wrong], [right, right], [wrong, right], [right[1:]], [""], []):
        assert status(guard, sent(*values)) == 401


def test_the_header_is_not_read_without_the_setting(
    issuer: FakeIssuer, certificate: ClientCertificate
) -> None:
    token = issuer.mint(cnf=certificate.cnf)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    headers += [(b"x-client-cert", certificate.header().encode())]
    scope = {"type": "http", "path": "/", "headers": headers}
    request = asgi_request(scope, {}, scope)[0]

    assert status(issuer.guard(), request) == 401
    assert status(issuer.guard(client_certificates=ClientCertificates()), request) == 401


@pytest.mark.parametrize(
    ("extensions", "expected"), [("right", 200), ("wrong", 401), ("empty", 401), ("none", 401)]
)
def test_an_asgi_server_may_pass_it_on(
    issuer: FakeIssuer,
    certificate: ClientCertificate,
    other: ClientCertificate,
    extensions: str,
    expected: int,
) -> None:
    chains: dict[str, Any] = {
        "right": {"tls": {"client_cert_chain": [certificate.pem, other.pem]}},
        "wrong": {"tls": {"client_cert_chain": [other.pem, certificate.pem]}},
        "empty": {"tls": {"client_cert_chain": []}},
        "none": None,
    }
    token = issuer.mint(cnf=certificate.cnf)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {
        "type": "http",
        "path": "/",
        "headers": headers,
        "extensions": chains[extensions],
    }
    guard = issuer.guard(client_certificates=ClientCertificates())

    assert status(guard, asgi_request(scope, {}, scope)[0]) == expected


def test_apache_may_pass_it_on(
    issuer: FakeIssuer, certificate: ClientCertificate, other: ClientCertificate
) -> None:
    guard = issuer.guard(client_certificates=ClientCertificates())
    environ = {"HTTP_AUTHORIZATION": f"Bearer {issuer.mint(cnf=certificate.cnf)}"}

    assert status(guard, wsgi_request(environ | {"SSL_CLIENT_CERT": certificate.pem})) == 200
    assert status(guard, wsgi_request(environ | {"SSL_CLIENT_CERT": other.pem})) == 401
    assert status(guard, wsgi_request(environ | {"HTTP_SSL_CLIENT_CERT": certificate.pem})) == 401


def test_a_function_may_return_it(issuer: FakeIssuer, certificate: ClientCertificate) -> None:
    known: dict[str, bytes | str | None] = {"a": certificate.der, "b": certificate.pem, "c": None}
    guard = issuer.guard(client_certificates=ClientCertificates(read=known.get))
    sent = (f"Bearer {issuer.mint(cnf=certificate.cnf)}",)

    assert [status(guard, Request(sent, context=each)) for each in "abc"] == [200, 200, 401]


@contextmanager
def over_tls(guard: Guard, folder: Path, *clients: ClientCertificate) -> Iterator[str]:
    """Serve an API by TLS that takes the certificates of `clients`."""
    own = ClientCertificate("localhost")
    Path(folder, "server.pem").write_text(own.pem + own.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata="".join(each.pem for each in clients))

    def app(_environ: object, start_response: Any) -> list[bytes]:  # noqa: ANN401 - of WSGI
        start_response("200 OK", [])
        return [b"well"]

    server = make_server("127.0.0.1", 0, Protected(app, guard), ssl_context=context)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.spec("RFC 8705", "3")
def test_a_real_handshake_proves_the_certificate(
    issuer: FakeIssuer, certificate: ClientCertificate, other: ClientCertificate, tmp_path: Path
) -> None:
    guard = issuer.guard(client_certificates=ClientCertificates())
    token = issuer.mint(cnf=certificate.cnf)
    statuses = []
    with over_tls(guard, tmp_path, certificate, other) as address:
        for client_certificate in (certificate, other, None):
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            if client_certificate is not None:
                path = tmp_path / "client.pem"
                path.write_text(client_certificate.pem + client_certificate.key_pem)
                context.load_cert_chain(path)
            with httpx2.Client(verify=context) as client:
                answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
            statuses.append(answer.status_code)

    assert statuses == [200, 401, 401]


@pytest.mark.spec("RFC 9728", "2")
def test_the_metadata_says_that_tokens_may_be_bound_to_certificates(issuer: FakeIssuer) -> None:
    named = "tls_client_certificate_bound_access_tokens"
    options = {"dpop": DPoP(), "require_bound_tokens": True}
    metadata = issuer.guard(client_certificates=ClientCertificates(), **options).metadata()

    assert metadata[named] is True
    assert "dpop_bound_access_tokens_required" not in metadata  # a certificate will do
    assert named not in issuer.guard().metadata()


@pytest.mark.parametrize(
    "wrong", [{"header": "X Cert"}, {"form": "jwt"}, {"header": "X", "read": len}], ids=str
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"header|form"):
        ClientCertificates(**wrong)
