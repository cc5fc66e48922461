"""Where strangers may send this server, and what a hostile receiver can do: nothing."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from client.tls_server import issue, serving_context
from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.webhook_settings import WebhookSettings
from gatepass.server.environment.webhooks.request import MOST_READ, Resolve, Sender
from server.environment.private_addresses import PRIVATE
from server.environment.webhooks.receiver import LOOPBACK

HEADERS = {"content-type": "application/json"}


def sender(
    *addresses: str, allowed: Sequence[str] = LOOPBACK, timeout: float = 5, **more: object
) -> Sender:
    settings = WebhookSettings.model_validate(
        {"allowed_networks": allowed, "timeout": timeout, **more}
    )
    return Sender(settings, lambda _host, _port: addresses)


@contextmanager
def raw(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Return the address of a server that does with a connection what a test wants."""

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = door.accept()
                with closing(connection), suppress(OSError):
                    connection.recv(65536)
                    serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=run, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"
        door.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_an_address_that_is_not_public_is_not_connected_to(
    address: str,
) -> None:
    result = sender(address, allowed=()).post("https://partner.example/", HEADERS, b"{}")

    assert result[:2] == (None, "not a public address")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    result = sender("93.184.216.34", "10.0.0.1", allowed=()).post("https://a.example/", {}, b"")

    assert result.error == "not a public address"


def test_without_an_address_nothing_is_sent() -> None:
    assert sender(allowed=()).post("https://a.example/", {}, b"").error == "not a public address"


def test_a_name_that_the_dns_does_not_know_is_no_address() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    resolve: Resolve = unknown
    result = Sender(WebhookSettings(), resolve).post("https://a.example/", {}, b"")

    assert result[:2] == (None, "the name of the host is not known")


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "0"])
def test_an_ipv4_address_in_another_form_is_what_the_resolver_makes_of_it(host: str) -> None:
    result = Sender(WebhookSettings()).post(f"https://{host}:8443/", HEADERS, b"{}")

    assert result[:2] == (None, "not a public address")


@pytest.mark.parametrize("url", ["http://a.example/", "http://93.184.216.34/"])
def test_plain_http_is_for_loopback_alone(url: str) -> None:
    assert sender("127.0.0.1").post(url, {}, b"").error == "not https"
    assert sender("93.184.216.34").post(url, {}, b"").error == "not https"


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with LoopbackServer(lambda _: Response(200)) as server:
        port = server.url.rpartition(":")[2]
        settings = WebhookSettings(allowed_networks=LOOPBACK)
        result = Sender(settings, resolve).post(f"http://a.localhost:{port}/", {}, b"")

    assert (result.status, asked) == (200, ["a.localhost"])


def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")
    with LoopbackServer(lambda _: Response(200)) as server:
        assert sender("127.0.0.1").post(server.url, {}, b"").status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    received: list[Request] = []

    def respond(request: Request) -> Response:
        received.append(request)
        return Response(status, b"", {"location": "/elsewhere"})

    with LoopbackServer(respond) as server:
        result = sender("127.0.0.1").post(server.url, {}, b"")

    assert result[:2] == (status, "redirects are not followed")
    assert len(received) == 1


def test_of_an_answer_of_100_megabytes_a_small_part_is_read() -> None:
    written = 0

    def flood(connection: socket.socket) -> None:
        nonlocal written
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n")
        while True:
            written += connection.send(b"x" * 65536)

    with raw(flood) as url:
        result = sender("127.0.0.1").post(url, {}, b"")

    assert result[:2] == (200, "")
    assert written < 100 * MOST_READ  # what the kernel's buffers hold, and no more


def test_an_endless_head_is_given_up() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x-more: " + b"x" * 1000 + b"\r\n")

    with raw(flood) as url:
        result = sender("127.0.0.1").post(url, {}, b"")

    assert result[:2] == (None, "the answer is not HTTP")


@pytest.mark.parametrize(
    "drip", [b"", b"HTTP/1.1 200 OK\r\nx: "], ids=["of nothing", "of a header"]
)
def test_a_receiver_that_drips_is_given_up_when_the_time_is_over(drip: bytes) -> None:
    over = threading.Event()

    def trickle(connection: socket.socket) -> None:
        connection.sendall(drip)
        while not over.wait(0.02):
            connection.sendall(b"x" if drip else b"")

    with raw(trickle) as url:
        result = sender("127.0.0.1", timeout=0.3).post(url, {}, b"")
        over.set()

    assert result[:2] == (None, "no answer in time")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", "the answer is not HTTP"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "the answer is not HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "the answer is not HTTP"),
    ],
    ids=["closed", "SSH", "no status", "100 alone"],
)
def test_what_is_no_answer_is_named_and_never_repeated(answer: bytes, error: str) -> None:
    with raw(lambda connection: connection.sendall(answer)) as url:
        result = sender("127.0.0.1").post(url, {}, b"")

    assert result[:2] == (None, error)


def test_an_interim_answer_is_passed_over() -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    with raw(lambda connection: connection.sendall(answer)) as url:
        assert sender("127.0.0.1").post(url, {}, b"").status == 204


def test_a_port_where_nobody_listens_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]

    assert sender("127.0.0.1").post(f"http://127.0.0.1:{port}/", {}, b"").error == "no connection"


@contextmanager
def tls_receiver(folder: Path, *hosts: str) -> Iterator[tuple[str, Path]]:
    """Return the URL of a receiver with a certificate for `hosts`, and its authority."""
    authority = issue("throwaway authority")
    file = folder / "authority.pem"
    file.write_bytes(authority.pem)
    context = serving_context(folder, issue("receiver", authority, *hosts))
    with LoopbackServer(lambda _: Response(200), context) as server:
        yield server.url.replace("127.0.0.1", "partner.example"), file


def test_tls_is_verified_against_the_name_and_the_authorities_of_the_setting(
    tmp_path: Path,
) -> None:
    with tls_receiver(tmp_path, "partner.example") as (url, authority):
        trusted = sender("127.0.0.1", ca_file=authority).post(url, {}, b"")
        unknown = sender("127.0.0.1").post(url, {}, b"")
    with tls_receiver(tmp_path, "other.example") as (url, authority):
        other = sender("127.0.0.1", ca_file=authority).post(url, {}, b"")

    untrusted = (None, "its certificate is not trusted")
    assert trusted[:2] == (200, "")
    assert unknown[:2] == other[:2] == untrusted


def test_a_server_without_tls_is_no_https_receiver() -> None:
    with LoopbackServer(lambda _: Response(200)) as server:
        result = sender("127.0.0.1").post(server.url.replace("http:", "https:"), {}, b"")

    assert result.status is None
    assert result.error in {"TLS failed", "the connection was lost", "no answer in time"}


def test_tls_1_1_is_refused(tmp_path: Path) -> None:
    authority = issue("throwaway authority")
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    context = serving_context(tmp_path, issue("receiver", authority, "partner.example"))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with LoopbackServer(lambda _: Response(200), context) as server:
        url = server.url.replace("127.0.0.1", "partner.example")
        result = sender("127.0.0.1", ca_file=tmp_path / "authority.pem").post(url, {}, b"")

    assert result[:2] == (None, "TLS failed")
