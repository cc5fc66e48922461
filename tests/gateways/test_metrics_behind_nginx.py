"""Through a real nginx that adds no header a stranger sees no figures."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from gateways.gateway import program
from gateways.plain_nginx import PlainNginx, plain_nginx
from server_process import Server, free_ports, serving

_PLAIN = ""
_HTTP_1_1 = 'proxy_http_version 1.1; proxy_set_header Connection "";'
_WITH_HOST = f"{_HTTP_1_1} proxy_set_header Host $http_host;"
_OWN_PORT = "GATEPASS_METRICS_PORT"
_TRUSTED = {"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}


class Behind(NamedTuple):
    """A server, and an nginx in front of it."""

    server: Server
    nginx: PlainNginx
    metrics_port: int


def behind(folder: Path, lines: str, variables: Mapping[str, str]) -> Iterator[Behind]:
    own = int(variables.get(_OWN_PORT, 0))
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder / "data", variables=variables))
        nginx = stack.enter_context(plain_nginx(folder, behind=server.port, lines=lines))
        yield Behind(server, nginx, own)


@pytest.fixture(params=["as it is", "own port", "trusted", "both", "its host"])
def plain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Behind]:
    """A server in one of the ways that keep its figures from a proxy."""
    if program("nginx") is None:
        pytest.skip("nginx is not installed")
    own = {_OWN_PORT: str(free_ports())}
    lines, variables = {
        # nginx speaks HTTP/1.0 to a server, and the figures are for HTTP/1.1 alone.
        "as it is": (_PLAIN, {}),
        "own port": (_HTTP_1_1, own),
        "trusted": (_HTTP_1_1, _TRUSTED),
        "both": (_HTTP_1_1, own | _TRUSTED),
        "its host": (_WITH_HOST, _TRUSTED),
    }[request.param]
    yield from behind(tmp_path, lines, variables)


@pytest.mark.spec("ASVS", "13.4.5")
def test_a_plain_proxy_passes_no_request_on_to_the_figures(plain: Behind) -> None:
    server = f"localhost:{plain.server.port}"
    assert plain.nginx.ask("/.well-known/oauth-authorization-server", server).status == 200
    for path in ("/metrics", "/metrics/", "//metrics", "/./metrics", "/x/../metrics", "/m%65trics"):
        for host in (server, "localhost", f"127.0.0.1:{plain.metrics_port}"):
            answer = plain.nginx.ask(path, host)

            assert answer.status in {404, 421}, (path, host)
            assert b"gatepass_" not in answer.body


def test_the_operator_still_sees_them_on_their_own_port(tmp_path: Path) -> None:
    variables = {_OWN_PORT: str(free_ports()), **_TRUSTED}
    with serving(tmp_path / "data", variables=variables):
        address = f"http://127.0.0.1:{variables[_OWN_PORT]}/metrics"

        assert "gatepass_workers 1.0" in httpx2.get(address, trust_env=False).text
