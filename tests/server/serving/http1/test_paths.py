"""A path is matched as it came, so that the path rules of a proxy in front hold here."""

import pytest

from gatepass.server.configuration.http_limits import Limits
from gatepass.server.serving.http1.connections import Connections
from server.fixtures import InProcessServer
from server.serving.fast_path.play import Play, played

_ENCODED = [
    "/m%65trics",
    "/oauth2%2ftoken/",
    "/oauth2/toke%6e/",
    "/%6fauth2/introspect/",
    "/api%2Fpartners/v2.0/docs",
    "/api/partners/v2.0/%64ocs",
    "/accounts/%6Cogin/",
    "/healthz%00",
    "/%68ealthz",
    "/.well-known%2Fjwks.json",
    "/oauth2/./token/",
    "/oauth2//token/",
]


def status(server: InProcessServer, raw: bytes) -> int:
    async def scene(play: Play) -> None:
        play.protocol.data_received(raw)
        while not play.heard:
            await play.rest()

    return int(played(server, scene).heard.split()[1])


@pytest.mark.parametrize("path", _ENCODED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_encoded_path_is_no_other_name_of_a_page(
    server: InProcessServer, path: str, method: str
) -> None:
    raw = f"{method} {path} HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 0\r\n\r\n"

    assert status(server, raw.encode()) == 404


@pytest.mark.spec("RFC 9112", "3.2.2")
def test_the_host_of_an_absolute_target_chooses_the_environment(server: InProcessServer) -> None:
    raw = b"GET http://%b/healthz HTTP/1.1\r\nHost: %b\r\n\r\n"

    assert status(server, raw % (b"localhost:8000", b"unknown.example")) == 200
    known = b"GET http://%b/.well-known/jwks.json HTTP/1.1\r\nHost: %b\r\n\r\n"
    assert status(server, known % (b"localhost:8000", b"unknown.example")) == 200
    assert status(server, known % (b"unknown.example", b"localhost:8000")) == 421


def test_the_servers_options_are_no_page(server: InProcessServer) -> None:
    assert status(server, b"OPTIONS * HTTP/1.1\r\nHost: localhost:8000\r\n\r\n") == 404


def test_by_default_the_bounds_are_the_stated_ones() -> None:
    limits = Connections(Limits()).limits

    assert (limits.head.target, limits.head.head, limits.head.fields) == (8192, 65536, 100)
    assert (limits.head_timeout, limits.body_timeout) == (10, 30)
