"""The server behind real proxies with TLS, by the files of examples/deploy."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

import pytest

from gatepass.server.configuration.http_limits import HttpSettings
from gatepass.wire.metadata import TOKEN
from gateways.deployed import APP, EXAMPLES, NAMES, SANDBOX, Deployed, deployed
from gateways.gateway import Answer, program
from gateways.upstream import recording
from server_process import Credentials, Server, free_ports, serving

_FORM = ("Content-Type", "application/x-www-form-urlencoded")
_ASK = b"grant_type=client_credentials"
_METADATA = "/.well-known/oauth-authorization-server"
# Where each file says how long an idle connection to the server is kept, and what the test says.
_IDLE = {
    "nginx": ("nginx.conf", "keepalive_timeout 60s", "keepalive_timeout 1s"),
    "caddy": ("Caddyfile", "keepalive 60s", "keepalive 1s"),
    "haproxy": ("haproxy.cfg", "pool-purge-delay 10s", "pool-purge-delay 1s"),
    "traefik": ("traefik.yaml", "idleConnTimeout: 60s", "idleConnTimeout: 1s"),
}


class Front(NamedTuple):
    """A proxy, and the server behind it."""

    proxy: Deployed
    server: Server


def installed(name: str) -> str:
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    return name


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    variables = {
        "GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]',
        "GATEPASS_PRODUCTION__HOSTS": f'["{APP}"]',
        "GATEPASS_SANDBOX__HOSTS": f'["{SANDBOX}"]',
        "GATEPASS_METRICS_PORT": str(free_ports()),
    }
    with serving(tmp_path_factory.mktemp("deployed") / "data", variables=variables) as running:
        yield running


@pytest.fixture(scope="module", params=NAMES)
def front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Iterator[Front]:
    name = installed(request.param)
    with deployed(name, tmp_path_factory.mktemp(name), server.port) as proxy:
        yield Front(proxy, server)


def ask_token(proxy: Deployed, by: Credentials, host: str = APP, **given: object) -> Answer:
    basic = b64encode(f"{by.client_id}:{by.client_secret}".encode()).decode()
    headers = (_FORM, ("Authorization", f"Basic {basic}"), *given.pop("headers", ()))  # type: ignore[misc]
    return proxy.ask(TOKEN, host, method="POST", headers=headers, body=_ASK, name=host, **given)  # type: ignore[arg-type]


def test_each_environment_answers_by_its_host_as_https(front: Front) -> None:
    for host in (APP, SANDBOX):
        answer = front.proxy.ask(_METADATA, host, name=host)

        assert answer.status == 200
        assert json.loads(answer.body)["issuer"] == f"https://{host}"
        assert "Strict-Transport-Security" in answer.headers
    events = {each["event"] for each in front.server.events()}
    assert not events & {"request.plain_http", "request.unknown_host", "proxy.not_named"}


def test_a_client_gets_its_token_and_the_log_has_the_clients_own_address(front: Front) -> None:
    forged = (
        ("X-Forwarded-For", "198.51.100.4"),
        ("Forwarded", "for=198.51.100.4"),
        ("X-Real-IP", "198.51.100.4"),
        ("X-Forwarded-Proto", "http"),
    )
    org_id = front.server.create_organization(admin=f"a{front.proxy.port}").org_id
    client = front.server.create_application(org_id)
    wrong = client._replace(client_secret="wrong")

    assert ask_token(front.proxy, client).status == 200
    assert ask_token(front.proxy, client, SANDBOX).status == 401
    before = len(front.server.events())
    assert ask_token(front.proxy, wrong, headers=forged, source="127.0.0.3").status == 401
    [source] = [
        each["source"]
        for each in front.server.events()[before:]
        if each["event"] == "client.refused"
    ]
    assert source == "127.0.0.3"


def test_plain_http_is_redirected_and_never_reaches_the_server(front: Front) -> None:
    answer = front.proxy.ask_plainly("/applications/?a=b")

    assert answer.status in {301, 308}
    assert answer.headers["Location"].startswith(f"https://{APP}")
    assert answer.headers["Location"].endswith("/applications/?a=b")


@pytest.mark.spec("ASVS", "13.4.5")
@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "//metrics", "/./metrics"])
def test_the_figures_are_no_page_of_the_proxys(front: Front, path: str) -> None:
    for host in (APP, SANDBOX):
        answer = front.proxy.ask(path, host)

        assert answer.status in {301, 307, 308, 400, 404}
        assert b"gatepass_" not in answer.body


def test_a_host_of_nobody_does_not_reach_the_server(front: Front) -> None:
    before = len(front.server.events())
    for name in ("other.example.com", APP):
        with suppress(OSError, HTTPException):
            answer = front.proxy.ask(_METADATA, "other.example.com", name=name)
            assert b"issuer" not in answer.body

    assert front.server.events()[before:] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_request_for_the_figures_is_passed_on(tmp_path: Path, name: str) -> None:
    with recording() as upstream, deployed(installed(name), tmp_path, upstream.port) as proxy:
        for path in ("/metrics", "/metrics/", "/metrics?x"):
            assert proxy.ask(path).status == 404
        assert proxy.ask("/healthz").status == 200

    assert [each for each in upstream.requests if b"/metrics" in each] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_idle_connection_to_the_server_is_ended_by_the_proxy_first(
    tmp_path: Path, name: str
) -> None:
    file, line, sooner = _IDLE[installed(name)]
    assert line in (EXAMPLES / file).read_text()
    [seconds] = re.findall(r"([0-9]+)s", line)
    assert int(seconds) < HttpSettings().idle_timeout

    with recording() as upstream, deployed(name, tmp_path, upstream.port, {line: sooner}) as proxy:
        assert proxy.ask(TOKEN, method="POST", headers=(_FORM,), body=_ASK).status == 200

        assert upstream.was_left.wait(30)


@pytest.mark.spec("RFC 9110", "9.2.2")
@pytest.mark.parametrize("name", NAMES)
def test_a_request_for_a_token_that_was_sent_is_not_sent_again(tmp_path: Path, name: str) -> None:
    def is_lost(request: bytes) -> bool:
        return b"lost=1" in request

    with (
        recording(is_lost) as upstream,
        deployed(installed(name), tmp_path, upstream.port) as proxy,
    ):
        kept = proxy.ask(TOKEN, method="POST", headers=(_FORM,), body=_ASK)
        lost = proxy.ask(f"{TOKEN}?lost=1", method="POST", headers=(_FORM,), body=_ASK)

        assert kept.status == 200
        assert lost.status in {500, 502, 503}
        assert [b"lost=1" in each for each in upstream.posts()] == [False, True]
