"""The page about uvicorn behind a proxy: the fault, who forwards an offer, which lines drop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from commands import clean_variables
from docs.page import Reader, blocks, play
from gateways import api, plain_uvicorn
from gateways.gateway import forwarding, program
from gateways.hostile import exchange, statuses
from server_process import free_ports

PAGE = "run-uvicorn-behind-a-proxy.md"
# Where each proxy's lines of the page belong: a text of the file, and what stands in its place.
DROPPED = {
    "nginx": (
        ("$http_upgrade;\n            proxy", '"";\n            proxy'),
        ("$connection_upgrade;", '"";'),
    ),
    "caddy": (
        (
            "\treverse",
            (
                "\trequest_header -Upgrade\n\trequest_header -Connection\n"
                "\t@connect method CONNECT\n\trespond @connect 405\n\treverse"
            ),
        ),
    ),
    "traefik": (
        ("      service", "      middlewares: [drop]\n      service"),
        (
            "  services",
            (
                "  middlewares:\n    drop:\n      headers:\n"
                '        customRequestHeaders: {Upgrade: "", Connection: ""}\n  services'
            ),
        ),
    ),
    "haproxy": (
        (
            "    default_backend",
            (
                "    http-request del-header upgrade\n    http-request del-header connection\n"
                "    default_backend"
            ),
        ),
    ),
    "envoy": (("upgrade_configs: [{upgrade_type: websocket}]", ""),),
}


OFFERS = {
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "foo": "Connection: Upgrade\r\nUpgrade: foo\r\n",
    "h2c": (
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
    ),
}
WEBSOCKET_LINES = (
    "            proxy_set_header Upgrade $http_upgrade;\n"
    "            proxy_set_header Connection $connection_upgrade;\n"
)
# The offers that reach the API whole, without and with a body, by each proxy's defaults.
NOTHING: frozenset[str] = frozenset()
FORWARDED = (
    ("nginx", "", {"websocket", "foo", "h2c"}, {"websocket", "foo", "h2c"}),
    ("nginx", WEBSOCKET_LINES, NOTHING, NOTHING),
    ("caddy", "", {"websocket", "foo", "h2c"}, {"websocket", "foo", "h2c"}),
    ("traefik", "", {"websocket", "foo"}, {"websocket", "foo"}),
    ("haproxy", "", {"foo", "h2c"}, NOTHING),
    ("envoy", "", {"websocket"}, NOTHING),
    ("envoy", "upgrade_configs: [{upgrade_type: websocket}]", NOTHING, NOTHING),
)
INNER = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@contextmanager
def proxy(name: str, folder: Path, port: int, *changes: tuple[str, str]) -> Iterator[int]:
    """Run a proxy in front of `port`, with changes of its file."""
    if program(name) is None:
        pytest.skip(f"{name} is not installed")
    with forwarding(name, folder, port, *changes) as gateway:
        yield gateway.port


@contextmanager
def uvicorn(folder: Path, *arguments: str) -> Iterator[int]:
    """Serve the page's program."""
    [echo] = [block for block in blocks(PAGE) if block.file]
    with plain_uvicorn.serving(folder, echo.text, *arguments) as port:
        yield port


def send(port: int, head: str, body: bytes) -> bytes:
    """Send head and body in packets of their own and return all answers."""
    whole = f"{head}Host: a\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return exchange(port, [whole, body], pause=0.1, end=False, linger=0.2, within=5.0)


def test_the_check_of_the_page_runs(tmp_path: Path) -> None:
    with Reader(tmp_path, {"9000": str(free_ports())}, clean_variables()) as reader:
        list(play(PAGE, reader, {}))


# Any class makes uvicorn take an offer of WebSocket; nothing else asks for it.
@pytest.mark.parametrize("websocket_class", ["none", "echo:app"])
def test_httptools_runs_a_body_as_a_request_and_h11_keeps_it(
    tmp_path: Path, websocket_class: str
) -> None:
    heads = [f"POST / HTTP/1.1\r\n{OFFERS[offer]}" for offer in ("foo", "h2c")]

    with uvicorn(tmp_path, "--http", "httptools", "--ws", websocket_class) as port:
        for head in (*heads, "CONNECT / HTTP/1.1\r\n"):
            received = send(port, head, INNER)
            assert statuses(received) == [200, 200], received
            assert INNER not in received
    with uvicorn(tmp_path, "--http", "h11", "--ws", websocket_class) as port:
        for head in heads:
            received = send(port, head, INNER)
            assert statuses(received) == [200], received
            assert b"body: " + INNER in received
        assert statuses(send(port, "CONNECT / HTTP/1.1\r\n", INNER)) == [200]


@pytest.mark.parametrize(("name", "left_out", "without_body", "with_body"), FORWARDED)
def test_a_proxy_forwards_the_offers_that_the_page_says(
    tmp_path: Path,
    name: str,
    left_out: str,
    without_body: frozenset[str],
    with_body: frozenset[str],
) -> None:
    forwarded: dict[str, set[str]] = {"GET": set(), "POST": set()}
    changes = [(left_out, "")] if left_out else []

    with api.serving() as recording, proxy(name, tmp_path, recording.port, *changes) as port:
        for offer, fields in OFFERS.items():
            for method, length in (("GET", ""), ("POST", "Content-Length: 5\r\n")):
                recording.asked.clear()
                head = f"{method} /{offer} HTTP/1.1\r\nHost: a\r\n{fields}{length}\r\n"
                body = b"whole" if length else b""
                exchange(port, [head.encode() + body], end=False, within=1.0)
                # Envoy passes the head of the second on and keeps the body back, so that the API
                # learns of it when the connection ends: then it is no whole request of ours.
                whole = (method, f"/{offer}", [offer], body)
                if whole in [
                    (asked.method, asked.path, asked.named("upgrade"), asked.body)
                    for asked in recording.asked
                ]:
                    forwarded[method].add(offer)

    assert forwarded == {"GET": without_body, "POST": with_body}


@pytest.mark.parametrize("name", DROPPED)
def test_the_lines_of_a_proxy_drop_the_offer(tmp_path: Path, name: str) -> None:
    with (
        uvicorn(tmp_path, "--http", "httptools", "--ws", "none") as own,
        proxy(name, tmp_path, own, *DROPPED[name]) as port,
    ):
        received = send(port, "POST / HTTP/1.1\r\n" + OFFERS["websocket"], INNER)
        connected = send(port, "CONNECT / HTTP/1.1\r\n", INNER)

    if name == "envoy":
        assert b" 403 " in received, received
    else:
        assert b"body: " + INNER in received, received
        assert statuses(received) == [200], received
    assert 200 not in statuses(connected), connected
