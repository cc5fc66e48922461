"""Httpx2Sender on bad days: answers that never end, and settings that httpx2 cannot use."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from client.crowd import PATIENCE
from client.dripping import BODY, HANDSHAKE, HEADER, dripping
from client.secure import issue, serving_context, tunnelling
from gatepass.client import ConfigurationError
from gatepass.client.connection import Connection
from gatepass.client.errors import Unreachable
from gatepass.client.sending import Httpx2Sender
from gatepass.client.settings import ClientSettings
from gatepass.wire.flow import Request, Response

SHORT = 0.3  # seconds

Send = Callable[[Httpx2Sender, Request], Response]


def send_sync(sender: Httpx2Sender, request: Request) -> Response:
    return sender.send(request)


def send_async(sender: Httpx2Sender, request: Request) -> Response:
    return asyncio.run(sender.asend(request))


@pytest.fixture(params=[send_sync, send_async], ids=["sync", "async"])
def send(request: pytest.FixtureRequest) -> Send:
    chosen: Send = request.param
    return chosen


class Drip(NamedTuple):
    begin: bytes
    scheme: str = "http"
    proxied: bool = False


DRIPS = {
    "header": Drip(HEADER),
    "body": Drip(BODY),
    "body-over-tls": Drip(BODY, "https"),
    "body-over-tls-by-a-proxy": Drip(BODY, "https", proxied=True),
    "handshake": Drip(HANDSHAKE, "https"),
}


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """What a server shows, and a file of what a client has to trust for it."""
    folder = tmp_path_factory.mktemp("tls")
    root = issue("root")
    trusted = folder / "root.pem"
    trusted.write_bytes(root.pem)
    return serving_context(folder, issue("leaf", root, "localhost")), trusted


@pytest.mark.parametrize("drip", DRIPS.values(), ids=list(DRIPS))
def test_an_answer_that_drips_in_is_cut_at_the_timeout(
    drip: Drip,
    send: Send,
    context: tuple[ssl.SSLContext, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server goes on until the client hangs up, so an end there is a cut."""
    monkeypatch.setenv("SSL_CERT_FILE", str(context[1]))
    secure = drip.scheme == "https" and drip.begin != HANDSHAKE
    with ExitStack() as stack:
        if drip.proxied:
            monkeypatch.setenv("HTTPS_PROXY", stack.enter_context(tunnelling()))
        serving = dripping(drip.begin, context[0] if secure else None)
        port, hung_up = stack.enter_context(serving)
        url = f"{drip.scheme}://localhost:{port}/token"

        with pytest.raises(Unreachable, match="no whole answer in time"):
            send(Httpx2Sender(url), Request("POST", url, {}, b"", timeout=SHORT))

        assert hung_up.wait(PATIENCE)


@pytest.mark.parametrize(
    "url", ["https://a..b/token", "https://.a/token", f"https://{'a' * 64}.example/token"]
)
def test_a_host_that_cannot_be_looked_up_is_no_address(url: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an address"):
        ClientSettings(url, "id", "secret")


@pytest.mark.parametrize("proxy", ["gopher://proxy:70", "http://pro\x01xy", "http://proxy:port"])
def test_a_proxy_setting_that_cannot_be_used_is_told_at_the_start_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.replace("//", "//anna:pass@"))

    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        Httpx2Sender("https://a.example/token")

    assert "pass@" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_socks_proxy_without_its_library_is_told_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    monkeypatch.setitem(sys.modules, "socksio", None)  # also where it is there

    with pytest.raises(ConfigurationError, match=r"httpx2\[socks\]"):
        Httpx2Sender("https://a.example/token")


@pytest.mark.parametrize("proxy", ["http://a..b", "gopher://proxy"])
def test_a_proxy_setting_that_goes_wrong_later_is_told_too(
    proxy: str, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Httpx2Sender("https://nothing.invalid/token")
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    with pytest.raises((ConfigurationError, Unreachable)):
        send(sender, Request("POST", "https://nothing.invalid/token", {}))


def test_a_proxy_setting_does_not_matter_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy")

    Httpx2Sender("http://127.0.0.1:1/token")


class Stream(NamedTuple):
    """What httpx2 tells of."""

    socket: socket.socket

    def get_extra_info(self, name: str) -> object:
        return getattr(self, name)


def test_a_connection_that_is_made_when_the_time_is_over_is_cut_at_once() -> None:
    near, far = socket.socketpair()

    def connect(connection: Connection) -> None:
        with connection.cut_after(0.0):
            assert connection.over.wait(PATIENCE)
            connection.trace("connection.connect_tcp.complete", {"return_value": Stream(near)})

    with near, far:
        with pytest.raises(TimeoutError):
            connect(Connection())
        assert far.recv(1) == b""


def test_no_connection_in_time_is_told_as_such() -> None:
    def connect(connection: Connection) -> None:
        with connection.cut_after(0.0):
            assert connection.over.wait(PATIENCE)
            raise httpx2.ConnectTimeout("a moment later")

    with pytest.raises(TimeoutError):
        connect(Connection())
