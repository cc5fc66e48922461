"""Httpx2Sender on bad days: answers that never end, and settings that httpx2 cannot use."""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from client.failures.slow_server import BODY, HANDSHAKE, HEADER, dripping
from client.processes import TIMEOUT
from client.tls_server import DAY, Issued, issue, metadata_server, serving_context, tunnelling
from gatepass.client import ConfigurationError, TokenUnavailable
from gatepass.client.errors import CertificateRefused, Unreachable
from gatepass.client.network.deadline import Connection
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.client.tokens.transport import Httpx2Sender
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

        assert hung_up.wait(TIMEOUT)


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
    """The events that httpx2 reports."""

    socket: socket.socket

    def get_extra_info(self, name: str) -> object:
        return getattr(self, name)


def test_a_connection_that_is_made_when_the_time_is_over_is_cut_at_once() -> None:
    near, far = socket.socketpair()

    def connect(connection: Connection) -> None:
        with connection.cut_at_deadline():
            assert connection.is_over.wait(TIMEOUT)
            connection.trace("connection.connect_tcp.complete", {"return_value": Stream(near)})

    with near, far:
        with pytest.raises(TimeoutError):
            connect(Connection(0.0))
        assert far.recv(1) == b""


def test_no_connection_in_time_is_told_as_such() -> None:
    def connect(connection: Connection) -> None:
        with connection.cut_at_deadline():
            assert connection.is_over.wait(TIMEOUT)
            raise httpx2.ConnectTimeout("a moment later")

    with pytest.raises(TimeoutError):
        connect(Connection(0.0))


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a host of four addresses that answer no SYN: their backlogs are full."""
    hosts = [f"127.0.0.{number}" for number in (2, 3, 4, 5)]
    with ExitStack() as stack:
        first = stack.enter_context(socket.create_server((hosts[0], 0), backlog=0))
        port = first.getsockname()[1]
        for host in hosts:
            if host != hosts[0]:
                stack.enter_context(socket.create_server((host, port), backlog=0))
            for _ in range(3):
                filling = stack.enter_context(socket.socket())
                filling.setblocking(False)
                filling.connect_ex((host, port))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
        yield f"http://localhost:{port}/token"


def test_addresses_that_do_not_answer_share_the_time_to_connect(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other would have all of it: four times the deadline of the caller."""
    waited: list[float] = []
    connect = socket.socket.connect

    def connecting(self: socket.socket, address: tuple[str, int]) -> None:
        waited.append(self.gettimeout() or 0.0)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    with pytest.raises(Unreachable, match="in time"):
        Httpx2Sender(silent).send(Request("POST", silent, {}, b"", timeout=SHORT))

    assert len(waited) == 4
    assert sum(waited) <= SHORT


class Shown(NamedTuple):
    """A certificate that a server shows, and the message about it."""

    certificate: Callable[[Issued], Issued]
    message: str


REFUSED = {
    "of an unknown issuer": Shown(lambda _: issue("leaf", None, "localhost"), "self-signed"),
    "of another authority": Shown(
        lambda _: issue("leaf", issue("other root"), "localhost"), "issuer is not known here"
    ),
    "for another host": Shown(lambda root: issue("leaf", root, "b.example"), "is for"),
    "expired": Shown(lambda root: issue("leaf", root, "localhost", ends=-DAY / 2), "expired"),
}


@pytest.mark.parametrize("shown", REFUSED.values(), ids=list(REFUSED))
def test_a_certificate_that_is_refused_is_named_and_asked_for_once(
    shown: Shown, send: Send, tmp_path: Path
) -> None:
    root = issue("root")
    (tmp_path / "root.pem").write_bytes(root.pem)
    with metadata_server(tmp_path, shown.certificate(root)) as server:
        sender = Httpx2Sender(server.url, str(tmp_path / "root.pem"))
        with pytest.raises(CertificateRefused, match=shown.message):
            send(sender, Request("POST", f"{server.url}/token", {}))


def test_a_refused_certificate_is_no_reason_to_ask_again(tmp_path: Path) -> None:
    with metadata_server(tmp_path, issue("leaf", None, "localhost")) as server:
        settings = ClientSettings(f"{server.url}/token", "id", "secret")
        with pytest.raises(TokenUnavailable, match="self-signed") as caught:
            TokenSource(settings).token()

    assert caught.value.attempts == 1


@pytest.mark.parametrize(
    "variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ca_file"]
)
def test_an_authority_is_trusted_by_the_setting_or_by_the_variables_that_others_read(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    root = issue("root")
    named = tmp_path / "root.pem"
    named.write_bytes(root.pem)
    if variable != "ca_file":
        monkeypatch.setenv(variable, str(named))
    with metadata_server(tmp_path, issue("leaf", root, "localhost")) as server:
        settings = ClientSettings(
            f"{server.url}/token",
            "id",
            "secret",
            ca_file=str(named) if variable == "ca_file" else "",
        )
        assert TokenSource(settings).token().value == "t"


@pytest.mark.parametrize(
    "content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\n"]
)
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_of_authorities_that_cannot_be_used_is_a_configuration_error(
    variable: str, content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))

    with pytest.raises(ConfigurationError, match=rf"{variable} .*cannot be used"):
        TokenSource(ClientSettings("https://a.example/token", "id", "secret"))


def test_a_missing_ca_file_of_the_settings_is_a_configuration_error() -> None:
    settings = ClientSettings("https://a.example/token", "id", "secret", ca_file="/nothing\0here")

    with pytest.raises(ConfigurationError, match="CA file"):
        TokenSource(settings)
