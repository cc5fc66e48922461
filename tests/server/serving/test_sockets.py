"""Addresses that mean every interface: opened here for a moment, and nothing answers on them."""

import socket
import sys
from contextlib import ExitStack

import pytest

from gatepass.server.serving.processes import sockets
from server_process import free_ports


@pytest.mark.parametrize(
    ("hosts", "reached"),
    [
        pytest.param(["::"], {"127.0.0.1", "127.0.0.2", "::1"}, id="all"),
        pytest.param(["::", "127.0.0.1"], {"127.0.0.1", "::1"}, id="all of IPv6, one of IPv4"),
        pytest.param(["0.0.0.0"], {"127.0.0.1", "127.0.0.2"}, id="all of IPv4"),
        pytest.param(["::", "0.0.0.0"], {"127.0.0.1", "127.0.0.2", "::1"}, id="both by name"),
    ],
)
def test_all_of_ipv6_means_ipv4_too_unless_an_address_of_it_is_named(
    hosts: list[str], reached: set[str]
) -> None:
    port = free_ports()
    with ExitStack() as opened:
        for each in sockets.listen(hosts, port, "--port"):
            opened.enter_context(each).listen()
        found = {host for host in ("127.0.0.1", "127.0.0.2", "::1") if _is_open(host, port)}

    assert found == reached


def _is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_new_connections_are_ignored_while_those_that_wait_are_accepted_with_what_they_sent(
    host: str,
) -> None:
    port = free_ports()
    with ExitStack() as opened:
        [bound] = sockets.listen([host], port, "--port")
        opened.enter_context(bound).listen()
        waiting = opened.enter_context(socket.create_connection((host, port), timeout=10))
        waiting.sendall(b"before")

        sockets.Listening([bound]).ignore_new_connections()

        with pytest.raises(TimeoutError):
            socket.create_connection((host, port), timeout=0.3)
        waiting.sendall(b" and after")
        accepted = opened.enter_context(bound.accept()[0])
        bound.close()
        accepted.settimeout(10)
        assert accepted.recv(100) == b"before and after"
        accepted.sendall(b"answer")
        assert waiting.recv(100) == b"answer"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, port), timeout=10)
