"""Tokens by certificate: the real server behind real proxies, by examples/deploy/mtls."""

import json
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import quote

import pytest

from client.tls_server import Issued
from gatepass.wire.metadata import TOKEN
from gateways.deployed import APP, SANDBOX
from gateways.gateway import Headers, program
from gateways.mtls import CLIENT, OTHER, PROXIES, SELF_SIGNED, VERIFIED, MtlsProxy, mtls_proxy
from server.serving.tls.registration import register_certificate, register_host
from server_process import Server, serving

_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_METADATA = "/.well-known/oauth-authorization-server"
_ALIASES = f"https://{APP}:8443"


class Front(NamedTuple):
    """A proxy with a server behind it, and two applications that have certificates."""

    proxy: MtlsProxy
    by_subject: str
    by_certificate: str

    def ask(
        self, client_id: str, certificate: Issued | None, headers: Headers = (), port: int = 0
    ) -> int:
        """Ask for a token with a client id and a certificate; return the status, 0 without one."""
        body = f"grant_type=client_credentials&client_id={client_id}".encode()
        with suppress(OSError, HTTPException):
            return self.proxy.ask(
                port or self.proxy.mutual,
                TOKEN,
                certificate,
                method="POST",
                headers=(_FORM, *headers),
                body=body,
            ).status
        return 0


@pytest.fixture(scope="module", params=list(PROXIES))
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    name = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder, passed = tmp_path_factory.mktemp(name), PROXIES[name]
    variables = {
        "GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]',
        "GATEPASS_PROXY_CERTIFICATES__HEADER": passed.header,
        "GATEPASS_PROXY_CERTIFICATES__FORM": passed.form,
        "GATEPASS_PROXY_CERTIFICATES__VERIFIED_HEADER": VERIFIED,
        "GATEPASS_PRODUCTION__HOSTS": f'["{APP}"]',
        "GATEPASS_PRODUCTION__MTLS_URL": _ALIASES,
        "GATEPASS_SANDBOX__HOSTS": f'["{SANDBOX}"]',
    }
    with (
        serving(folder / "data", variables=variables) as server,
        mtls_proxy(name, folder, server.port) as proxy,
    ):
        yield Front(proxy, *registered(server))


def registered(server: Server) -> tuple[str, str]:
    """Register an application by the subject of its certificates, and one by its certificate."""
    org_id = server.create_organization().org_id
    first, second = (server.create_application(org_id, name).client_id for name in ("A", "B"))
    register_host(server, first, "acme.example.com")
    register_certificate(server, second, SELF_SIGNED.pem)
    return first, second


def test_a_certificate_of_the_registered_subject_gets_a_token(front: Front) -> None:
    assert front.ask(front.by_subject, CLIENT) == 200


def test_a_registered_self_signed_certificate_gets_a_token_where_it_passes(front: Front) -> None:
    expected = 200 if front.proxy.passed.takes_self_signed else 0

    assert front.ask(front.by_certificate, SELF_SIGNED) == expected


def test_other_certificates_get_none(front: Front) -> None:
    assert front.ask(front.by_subject, OTHER) == 401
    assert front.ask(front.by_certificate, CLIENT) == 401
    assert front.ask(front.by_subject, None) == 401


def test_a_forged_header_gets_none(front: Front) -> None:
    pem = CLIENT.pem.decode()
    values = {
        "pem": quote(pem, safe=""),
        "rfc9440": ":" + "".join(pem.splitlines()[1:-1]) + ":",
        "xfcc": f'Cert="{quote(pem, safe="")}"',
    }
    forged = ((front.proxy.passed.header, values[front.proxy.passed.form]), (VERIFIED, "SUCCESS"))

    for port in (front.proxy.main, front.proxy.mutual):
        for certificate in (None, OTHER):
            assert front.ask(front.by_subject, certificate, forged, port) == 401


def test_the_metadata_names_methods_and_the_port(front: Front) -> None:
    answer = front.proxy.ask(front.proxy.main, _METADATA)
    document = json.loads(answer.body)

    assert "tls_client_auth" in document["token_endpoint_auth_methods_supported"]
    assert document["mtls_endpoint_aliases"]["token_endpoint"] == _ALIASES + TOKEN
