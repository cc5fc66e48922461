"""Gateways ask a server whose issuer is https: the files of examples/gateways with its host."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from gatepass.wire.metadata import TOKEN
from gateways.api import Api
from gateways.api import serving as serving_api
from gateways.gateway import NOBODYS, Gateway, program, running
from server_process import Credentials, Server, serving

HOST = "app.example.com"
# How the server is asked by them; Traefik's and Envoy's say how the caller came.
_NAMES = ("nginx", "caddy", "haproxy")


class Front(NamedTuple):
    """A gateway, the API behind it, and a client of the issuer."""

    gateway: Gateway
    api: Api
    server: Server
    client: Credentials


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {
        "GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]',
        "GATEPASS_PRODUCTION__HOSTS": f'["{HOST}"]',
    }
    data = tmp_path_factory.mktemp("https") / "data"
    with serving(data, variables=variables) as running_server:
        yield running_server


@pytest.fixture(scope="module", params=_NAMES)
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Iterator[Front]:
    name: str = request.param
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    org_id = server.create_organization(name, name).org_id
    client = server.create_application(org_id)
    own = "localhost:8000"  # as the files have it
    changes = {
        NOBODYS: org_id,
        f"http://{own}/api/": f"https://{HOST}/api/",
        f"Host {own}": f"Host {HOST}",
        f'host = "{own}"': f'host = "{HOST}"',
    }
    where = tmp_path_factory.mktemp(name)
    with (
        serving_api() as api,
        running(name, where, changes, gatepass=server.port, api=api.port) as gateway,
    ):
        yield Front(gateway, api, server, client)


def test_a_token_of_an_https_issuer_passes_and_another_one_does_not(front: Front) -> None:
    answer = front.server.ask(
        "POST",
        TOKEN,
        auth=front.client[:2],
        data={"grant_type": "client_credentials", "scope": "read"},
        headers={"Host": HOST, "X-Forwarded-Proto": "https"},
    )
    assert answer.status == 200, answer.text

    assert front.gateway.ask("/orders/7", answer.body["access_token"]).status == 200
    assert front.api.last().named("x-auth-client-id") == [front.client.client_id]
    assert front.gateway.ask("/reports/7", answer.body["access_token"]).status == 403
    refused = front.gateway.ask("/orders/7", "x")
    assert refused.status == 401
    assert f'realm="https://{HOST}"' in refused.headers["WWW-Authenticate"]
    assert front.api.asked == []
