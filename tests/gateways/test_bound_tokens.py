"""Bound tokens behind real gateways with TLS, in front of a server whose proofs need nonces."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest

from client.tls_server import Issued
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.wire.metadata import TOKEN, VERIFY
from gateways.api import Api
from gateways.api import serving as serving_api
from gateways.gateway import NAMES, Answer, Headers, program
from gateways.tls_gateways import CLIENT, GATEWAYS, HOST, OTHER, TlsGateway, tls_gateway
from server.fixtures import GRANT, Client, basic
from server.proofs import Prover
from server.serving.fast_path.doors import Door, door
from server.serving.tls.files import der_of
from server_process import free_ports

_URL = f"https://{HOST}/orders/7"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JOINS_HEADERS = ("caddy", "haproxy", "traefik", "envoy")  # nginx before 1.23 takes the first


class Front(NamedTuple):
    """A gateway with TLS, the API behind it, and the server that it asks."""

    gateway: TlsGateway
    api: Api
    door: Door
    prover: Prover
    client: Client
    owner: Client

    def post_token(self, client: Client, headers: dict[str, str]) -> str:
        sent = _FORM | {"Authorization": basic(client.client_id, client.secret.value)} | headers
        with closing(HTTPConnection("localhost", self.door.port)) as connection:
            connection.request("POST", TOKEN, urlencode(GRANT), sent)
            with connection.getresponse() as response:
                answer = json.loads(response.read())
        assert response.status == 200, answer
        token: str = answer["access_token"]
        return token

    def nonce(self) -> str:
        return self.door.server.environment().proofs.nonce(self.prover.now())

    def bound_to_key(self) -> str:
        url = f"http://localhost:{self.door.port}{TOKEN}"
        proof = self.prover.proof({"nonce": self.nonce()}, url=url)
        return self.post_token(self.client, {"DPoP": proof})

    def bound_to_certificate(self) -> str:
        name, value = shown_as(self.gateway.name, CLIENT)
        return self.post_token(self.owner, {name: value})

    def proven(
        self, token: str, method: str = "GET", url: str = _URL, **claims: object
    ) -> tuple[tuple[str, str], tuple[str, str]]:
        given = {"nonce": self.nonce(), **claims}
        proof = self.prover.proof(given, method=method, url=url, token=token)
        return ("Authorization", f"DPoP {token}"), ("DPoP", proof)


def shown_as(name: str, issued: Issued) -> tuple[str, str]:
    """Return the header in which a gateway passes on a certificate."""
    passed, pem = GATEWAYS[name], quote(issued.pem.decode(), safe="")
    der = b64encode(der_of(issued)).decode()
    values = {"pem": pem, "der": der, "rfc9440": f":{der}:", "xfcc": f'Cert="{pem}"'}
    return passed.header, values[passed.form]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with serving_api() as opened:
        yield opened


@pytest.fixture(scope="module", params=NAMES)
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, api: Api
) -> Iterator[Front]:
    name: str = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    folder, passed = tmp_path_factory.mktemp(name), GATEWAYS[name]
    given: dict[str, Any] = {
        "production": {"dpop_nonces": True},
        "trusted_proxies": ("127.0.0.1",),
        "proxy_certificates": {"header": passed.header, "form": passed.form},
    }
    with door(folder / "data", port=free_ports(), **given) as server:
        client, owner = server.server.register(), server.server.register()
        applications.change(
            server.server.environment().context,
            OPERATOR,
            owner.application.id,
            None,
            tls_client_certificate_bound_access_tokens=True,
        )
        with tls_gateway(name, folder, gatepass=server.port, api=api.port) as gateway:
            yield Front(gateway, api, server, Prover(server.server), client, owner)


@pytest.fixture(autouse=True)
def _nothing_was_asked(api: Api) -> None:
    api.asked.clear()


def challenge(answer: Answer) -> str:
    [found] = answer.headers.get_all("WWW-Authenticate") or [""]
    return found


@pytest.mark.spec("RFC 9449", "9")
def test_a_caller_gets_the_nonce_and_passes_with_it(front: Front) -> None:
    token = front.bound_to_key()
    first = front.gateway.ask("/orders/7", front.proven(token, nonce=None))
    nonce = first.headers["DPoP-Nonce"]
    second = front.gateway.ask("/orders/7", front.proven(token, nonce=nonce))

    assert first.status == 401
    assert challenge(first).startswith("DPoP ")
    assert 'error="use_dpop_nonce"' in challenge(first)
    assert nonce == front.nonce()
    assert second.status == 200
    assert [asked.path for asked in front.api.asked] == ["/orders/7"]
    assert front.api.last().named("x-auth-client-id") == [front.client.client_id]


@pytest.mark.spec("RFC 9449", "8.2")
def test_who_passes_gets_the_next_nonce_where_the_gateway_can_pass_it_on(front: Front) -> None:
    answer = front.gateway.ask("/orders/7", front.proven(front.bound_to_key()))

    expected = front.nonce() if front.gateway.name in {"nginx", "haproxy", "envoy"} else None
    assert answer.status == 200
    assert answer.headers["DPoP-Nonce"] == expected


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("method", ["POST", "HEAD", "DELETE"])
def test_a_proof_is_for_method_and_address_without_the_query(front: Front, method: str) -> None:
    token = front.bound_to_key()
    named = front.proven(token, method, "HTTPS://API.example.com:443/orders/%37?other=1#there")

    assert front.gateway.ask("/orders/7?a=b&c", named, method=method).status in {200, 501}
    assert front.gateway.ask("/orders/7?a=b&c", named, method=method).status == 401


WRONG: dict[str, Callable[[Front, str], Headers]] = {
    "another method": lambda front, token: front.proven(token, "PUT"),
    "another path": lambda front, token: front.proven(token, url=f"{_URL}0"),
    "another host": lambda front, token: front.proven(token, url="https://other.example/orders/7"),
    "another scheme": lambda front, token: front.proven(token, url=f"http://{HOST}/orders/7"),
    "the server's address": lambda front, token: front.proven(
        token, url=f"http://localhost:{front.door.port}{VERIFY}"
    ),
    "an old proof": lambda front, token: front.proven(token, iat=1),
    "another token": lambda front, token: front.proven(token, ath="a" * 43),
    "another nonce": lambda front, token: front.proven(token, nonce="a"),
    "no proof": lambda front, token: front.proven(token)[:1],
    "a proof that is none": lambda front, token: (front.proven(token)[0], ("DPoP", "a.b.c")),
    "an empty one": lambda front, token: (front.proven(token)[0], ("DPoP", "")),
}


@pytest.mark.spec("RFC 9449", "7.1")
def test_no_other_proof_passes_and_the_challenge_names_dpop(front: Front) -> None:
    token = front.bound_to_key()
    for name, make in WRONG.items():
        answer = front.gateway.ask("/orders/7", make(front, token))

        assert answer.status == 401, name
        assert challenge(answer).startswith("DPoP "), name
    assert front.api.asked == []


@pytest.mark.spec("RFC 9449", "7.2")
def test_a_bound_token_as_plain_bearer_is_refused_and_dpop_is_offered(front: Front) -> None:
    (_, proof), token = front.proven(front.bound_to_key()), front.bound_to_key()

    for more in ((), (proof,)):
        answer = front.gateway.ask("/orders/7", (("Authorization", f"Bearer {token}"), *more))
        assert answer.status == 401
        assert ", DPoP " in challenge(answer)
    assert front.api.asked == []


@pytest.mark.spec("RFC 9449", "4.3")
def test_two_proofs_are_none(front: Front) -> None:
    token = front.bound_to_key()
    authorization, first = front.proven(token)
    second = front.proven(token)[1]

    answer = front.gateway.ask("/orders/7", (authorization, first, second))

    assert answer.status == (401 if front.gateway.name in _JOINS_HEADERS else 200)


def test_headers_of_the_caller_name_no_other_request(front: Front) -> None:
    token, other = front.bound_to_key(), f"https://{HOST}/orders/70"
    forged = (
        *(
            ("X-Original-URL", other),
            ("X-Original-Method", "PUT"),
            ("X-Original-URI", "/orders/70"),
        ),
        *(("X-Forwarded-Uri", "/orders/70"), ("X-Forwarded-Method", "PUT")),
        *(("X-Forwarded-Host", HOST), ("X-Forwarded-Path", "/orders/70")),
        *(("X-Rewrite-Url", "/orders/70"), ("X-Envoy-Original-Path", "/orders/70")),
    )

    assert front.gateway.ask("/orders/7", front.proven(token, "PUT", other) + forged).status == 401
    assert front.gateway.ask("/orders/7", front.proven(token, "GET", other) + forged).status == 401
    assert front.api.asked == []
    assert front.gateway.ask("/orders/7", front.proven(token) + forged).status == 200


def test_a_path_without_dpop_lets_no_token_pass_that_is_bound_to_a_key(front: Front) -> None:
    token = front.bound_to_key()
    url = f"https://{HOST}/reports/7"

    assert front.gateway.ask("/reports/7", front.proven(token, url=url)).status == 401
    assert front.api.asked == []


@pytest.mark.spec("RFC 8705", "3")
def test_a_token_bound_to_a_certificate_passes_on_its_connection_alone(front: Front) -> None:
    token = (("Authorization", f"Bearer {front.bound_to_certificate()}"),)
    forged = [shown_as(name, CLIENT) for name in GATEWAYS]
    names = {name for name, _ in forged}
    everything = (*forged, *((name, "SUCCESS") for name in ("X-Client-Verify", "Client-Cert")))

    assert front.gateway.ask("/orders/7", token, shown=CLIENT).status == 200
    assert len(front.api.asked) == 1
    for shown in (None, OTHER):
        refused = front.gateway.ask("/orders/7", token, shown=shown)
        assert refused.status == 401
        assert 'error="invalid_token"' in challenge(refused)
        for sent in (*((each,) for each in forged), everything):
            assert front.gateway.ask("/orders/7", token + sent, shown=shown).status == 401
    assert len(names) == len(GATEWAYS)
    assert len(front.api.asked) == 1
