"""Where a partner's administrator may send this server: to public addresses, within limits."""

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest

from gatepass.loopback import LoopbackServer, Request, Response
from gatepass.server.configuration.single_sign_on_settings import SingleSignOnSettings
from gatepass.server.environment.openid_provider.errors import ProviderAwayError, ProviderError
from gatepass.server.environment.openid_provider.network import Network
from server.environment.private_addresses import PRIVATE


def network(*addresses: str, private: Sequence[str] = (), timeout: float = 5) -> Network:
    settings = SingleSignOnSettings(private_networks=tuple(private), timeout=timeout)
    return Network(settings, lambda _host, _port: addresses)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_an_address_that_is_not_public_is_not_connected_to(
    address: str,
) -> None:
    with pytest.raises(ProviderError, match=r"login\.example is not at a public address"):
        network(address).get("https://login.example/")


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:10.0.0.1]"])
def test_an_address_that_is_not_public_is_not_connected_to(address: str) -> None:
    with pytest.raises(ProviderError, match="is not at a public address"):
        network(address.strip("[]")).get(f"https://{address}/")


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(ProviderError, match="is not at a public address"):
        network("93.184.216.34", "10.0.0.1").get("https://login.example/")


@pytest.mark.parametrize(
    "url", ["http://login.example/", "http://93.184.216.34/", "http://localhost.example/"]
)
def test_plain_http_is_for_loopback_alone(url: str) -> None:
    with pytest.raises(ProviderError, match="is not https"):
        network("127.0.0.1", private=["127.0.0.0/8"]).get(url)


def test_loopback_is_reached_where_the_settings_name_it() -> None:
    with LoopbackServer(lambda _: Response(200, b"{}", {"content-type": "text/json; a=b"})) as it:
        port = it.url.rpartition(":")[2]
        found = network("127.0.0.1", private=["127.0.0.0/8"]).get(f"http://localhost:{port}/")
        with pytest.raises(ProviderError):
            network("127.0.0.1").get(f"http://localhost:{port}/")

    assert found == (200, "text/json", b"{}")


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    """A name that leads elsewhere the second time that it is looked up gains nothing."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    settings = SingleSignOnSettings(private_networks=("127.0.0.0/8",))
    seen: list[str] = []

    def respond(request: Request) -> Response:
        seen.append(request.headers["host"])
        return Response(200, b"{}")

    with LoopbackServer(respond) as it:
        port = it.url.rpartition(":")[2]
        Network(settings, resolve).get(f"http://rebound.localhost:{port}/")

    assert asked == ["rebound.localhost"]
    assert seen == [f"rebound.localhost:{port}"]


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(ProviderAwayError, match="did not answer in time"):
            network("127.0.0.1", private=["127.0.0.1"], timeout=0.2).get(
                f"http://127.0.0.1:{port}/"
            )


def test_a_server_that_answers_without_end_is_given_up() -> None:
    """Each piece comes in time, and the whole never does."""
    stop = threading.Event()

    def drip(listening: socket.socket) -> None:
        accepted, _ = listening.accept()
        with accepted:
            accepted.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while not stop.wait(0.02):
                try:
                    accepted.sendall(b" ")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=drip, args=(listening,))
        thread.start()
        port = listening.getsockname()[1]
        with pytest.raises(ProviderAwayError, match="did not answer in time"):
            network("127.0.0.1", private=["127.0.0.1"], timeout=0.3).get(
                f"http://127.0.0.1:{port}/"
            )
        stop.set()
        thread.join()


DRIPS: dict[str, tuple[bytes, bytes]] = {
    "a header": (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
    "one endless header": (b"HTTP/1.1 200 OK\r\nx: ", b"y"),
    "interim responses": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "the length of a chunk": (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1"),
    "a body": (b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n", b"y"),
}


@pytest.mark.parametrize(("first", "drop"), DRIPS.values(), ids=DRIPS.keys())
def test_a_server_that_sends_a_little_again_and_again_is_cut_off(first: bytes, drop: bytes) -> None:
    """Each byte begins the timeouts of an HTTP client again; the time of the request goes on."""
    cut = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            try:
                connection.sendall(first)
                while True:
                    connection.sendall(drop)
                    connection.settimeout(0.02)
                    with suppress(TimeoutError):
                        if not connection.recv(1):
                            break
            except OSError:
                pass
        cut.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=(listener,), daemon=True).start()
        url = f"http://localhost:{listener.getsockname()[1]}/"
        with pytest.raises(ProviderAwayError, match="did not answer in time"):
            network("127.0.0.1", private=["127.0.0.0/8"], timeout=0.2).get(url)
        assert cut.wait(30)


def test_a_name_that_the_dns_does_not_know_is_away() -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror

    with pytest.raises(ProviderAwayError, match=r"the DNS does not know login\.example"):
        Network(SingleSignOnSettings(), resolve).get("https://login.example/")
