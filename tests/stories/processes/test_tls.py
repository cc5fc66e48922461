"""The server's own TLS with worker processes: tokens, renewal and restarts."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.tls_server import issue
from docs.page import Reader, blocks
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.wire.metadata import PARTNER_API, TOKEN
from server.serving.tls.files import CLIENT, CLIENTS, RENEWED, both, der_of, key_of, replace
from server.serving.tls.process import TlsServer
from server.serving.tls.registration import bind_to_certificates, register_host

_WITHIN = 60.0  # seconds


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    made = TlsServer(tmp_path, "--workers", "2")
    try:
        made.start()
        yield made
    finally:
        made.close()


def until(is_so: object) -> None:
    ends = time.monotonic() + _WITHIN
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.05)


def read_the_page(folder: Path, address: str, client_id: str) -> None:
    """Do what the page for partners says, with the certificate `client.pem`."""
    (folder / "client.key").write_bytes(key_of(CLIENT))
    instead = {
        "subject=CN=billing,O=Acme Ltd,C=DE": "subject=CN=Acme",
        "curl ": "curl --silent --show-error --fail --cacert root.pem ",
        "https://mtls.app.example.com/oauth2/token/": address,
        "gpc_live_...": client_id,
    }
    with Reader(folder, instead, {}) as reader:
        for block in blocks("authenticate-with-a-certificate.md"):
            reader.play(block)
        assert json.loads(reader.printed)["token_type"] == "Bearer"


def bound_tokens_pass_with_their_certificate(
    server: TlsServer, org_id: str, certificate: Path
) -> None:
    """See that the Partner API takes a bound token on a connection with its certificate alone."""
    client = server.create_application(org_id, "Bound")
    bind_to_certificates(server, client.client_id)
    address = f"https://localhost:{server.mtls_port}"
    other = both(server.folder, issue("Other", CLIENTS, "other.example.com"), "other")
    with (
        server.client(certificate) as shown,
        server.client(other) as another,
        server.client() as without,
    ):
        form = {"grant_type": "client_credentials"}
        answer = shown.post(address + TOKEN, data=form, auth=client[:2])
        token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        path = f"{PARTNER_API}/org/{org_id}/users"
        by = (shown, another, without)
        statuses = [each.get(address + path, headers=token).status_code for each in by]
        assert statuses == [200, 401, 401]
        assert shown.get(server.url() + path, headers=token).status_code == 401


def test_tokens_over_tls_through_a_renewed_certificate_and_a_restart(server: TlsServer) -> None:
    organization = server.create_organization()
    client = server.create_application(organization.org_id)
    assert client.token_url.startswith("https://localhost:")

    answer = server.ask_token(client.client_id, client.client_secret)
    assert answer.status == 200
    assert "strict-transport-security" in answer.headers

    register_host(server, client.client_id, "acme.example.com")
    document = server.ask("GET", "/.well-known/oauth-authorization-server").body
    address = document["mtls_endpoint_aliases"]["token_endpoint"]
    assert address == f"https://localhost:{server.mtls_port}/oauth2/token/"
    certificate = both(server.folder, CLIENT, "client")
    form = {"grant_type": "client_credentials", "client_id": client.client_id}
    with server.client(certificate) as shown, server.client() as without:
        assert shown.post(address, data=form).status_code == 200
        assert shown.post(client.token_url, data=form).status_code == 401  # is not asked for one
        assert without.post(address, data=form).status_code == 401
        secret = (client.client_id, client.client_secret)
        del form["client_id"]
        assert without.post(address, data=form, auth=secret).status_code == 200

    trusted = str(server.folder / "root.pem")
    read_the_page(server.folder, address, client.client_id)
    for bound in (False, True):  # the Python client finds the address by the metadata
        ours = ClientSettings(
            client.token_url,
            client.client_id,
            ca_file=trusted,
            client_cert=str(certificate),
            dpop=bound,
        )
        assert TokenSource(ours).token().authorization.startswith("DPoP " if bound else "Bearer ")

    bound_tokens_pass_with_their_certificate(server, organization.org_id, certificate)
    replace(server.folder / "cert.pem", RENEWED.pem)
    replace(server.folder / "key.pem", key_of(RENEWED))
    until(lambda: {server.certificate() for _ in range(4)} == {der_of(RENEWED)})
    assert server.ask_token(client.client_id, client.client_secret).status == 200

    assert server.process is not None
    server.process.send_signal(1)
    while "restart.done" not in {each["event"] for each in server.events()}:
        with server.client() as fresh:  # a connection of its own, so that each is a handshake
            assert fresh.get(f"{server.url()}/healthz").status_code == 200
    assert server.stop() == 0
    assert "PRIVATE" not in server.log()
