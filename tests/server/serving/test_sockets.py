"""Addresses that mean every interface: opened here for a moment, and nothing answers on them."""

import socket
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
