"""`/metrics` where something may forward: on an address of its own, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from gatepass.server.http import Response
from server.fixtures import InProcessServer, open_passive_server

VECTORS = Path(__file__).parents[2] / "vectors"
LOOPBACK = "127.0.0.1"
ADDED: list[str] = json.loads((VECTORS / "proxy_header_names.json").read_text())["added by proxies"]


def asked(headers: tuple[tuple[bytes, bytes], ...] = (), **given: object) -> dict[str, object]:
    """Return the scope of a request for the figures."""
    return {
        "method": "GET",
        "path": "/metrics",
        "raw_path": b"/metrics",
        "http_version": "1.1",
        "client": (LOOPBACK, 4711),
        "headers": [(b"host", b"127.0.0.1:9100"), *headers],
        **given,
    }


def alone(
    server: InProcessServer, headers: tuple[tuple[bytes, bytes], ...] = (), **given: object
) -> Response:
    """Ask for the figures on the address that is theirs alone."""
    return server.app.figures.respond_alone(asked(headers, **given))


def test_by_http_1_0_which_nginx_speaks_there_is_no_such_page(
    server: InProcessServer,
) -> None:
    assert server.app.figures.respond(asked()).status == 200
    assert server.app.figures.respond(asked(http_version="1.0")).status == 404


@pytest.mark.spec("ASVS", "13.4.5")
@pytest.mark.parametrize(
    "given",
    [
        {"trusted_proxies": ("192.0.2.1",)},
        {"trusted_proxies": ("*",)},
        {"metrics_port": 9100},
        {"production": {"hosts": ("app.example.com",)}},
        {"sandbox": {"issuer": "https://sandbox.example.com"}},
    ],
)
def test_where_something_forwards_or_it_has_its_own_port_it_is_on_no_other(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    with open_passive_server(tmp_path / "data", **given) as server:
        for host in ("127.0.0.1:8000", "localhost"):
            http = TestClient(server.app, base_url=f"http://{host}", client=(LOOPBACK, 50000))
            for path in ("/metrics", "/metrics/"):
                assert http.get(path).status_code == 404

        assert alone(server).status == 200


@pytest.mark.parametrize("path", ["/", "/metrics/", "/healthz", "/oauth2/token/", "/m%65trics"])
def test_its_own_port_has_no_other_page(server: InProcessServer, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert alone(server, raw_path=path.encode(), method=method).status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get", "CONNECT"])
def test_its_own_port_takes_no_other_method(server: InProcessServer, method: str) -> None:
    assert alone(server, method=method).status == 404


@pytest.mark.parametrize(
    ("source", "status"), [("127.0.0.1", 200), ("::ffff:127.0.0.1", 200), ("192.0.2.7", 404)]
)
def test_its_own_port_answers_the_operators_networks_alone(
    server: InProcessServer, source: str, status: int
) -> None:
    assert alone(server, client=(source, 4711)).status == status


@pytest.mark.parametrize(
    ("hosts", "status"),
    [
        (["127.0.0.1:9100"], 200),
        (["[::1]:9100"], 200),
        (["localhost"], 200),
        (["gatepass:9100"], 200),
        (["rebound.example.com:9100"], 421),
        (["127.0.0.1.example.com"], 421),
        (["localhost."], 421),
        (["a b"], 421),
        ([""], 421),
        ([], 421),
        (["127.0.0.1", "127.0.0.1"], 421),
    ],
)
def test_its_own_port_knows_no_name_that_may_be_a_strangers(
    server: InProcessServer, hosts: list[str], status: int
) -> None:
    scope = asked() | {"headers": [(b"host", each.encode()) for each in hosts]}

    assert server.app.figures.respond_alone(scope).status == status


@pytest.mark.parametrize("name", ADDED)
def test_its_own_port_answers_no_proxy(server: InProcessServer, name: str) -> None:
    assert alone(server, headers=((name.lower().encode(), b"127.0.0.1"),)).status == 404
