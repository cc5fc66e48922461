"""The addresses that a server listens on."""

import socket
from pathlib import Path

import pytest

from commands import run
from server_process import free_ports, serving


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return connection.recv(12) == b"HTTP/1.1 200"
    except ConnectionRefusedError:
        return False


@pytest.mark.parametrize(
    ("hosts", "answering"),
    [
        pytest.param(["127.0.0.1"], {"127.0.0.1"}, id="IPv4 alone"),
        pytest.param(["::1", "127.0.0.1"], {"127.0.0.1", "::1"}, id="one of each"),
        pytest.param(["127.0.0.1", "[::1]"], {"127.0.0.1", "::1"}, id="IPv6 in brackets"),
        pytest.param(["127.0.0.1", "127.0.0.1"], {"127.0.0.1"}, id="one, named twice"),
    ],
)
def test_a_server_listens_on_the_addresses_that_are_named_and_no_other(
    tmp_path: Path, hosts: list[str], answering: set[str]
) -> None:
    options = [word for host in hosts for word in ("--host", host)]
    with serving(tmp_path / "data", *options) as server:
        found = {
            host
            for host in ("127.0.0.1", "127.0.0.2", "::1")
            if all(_answers(host, port) for port in (server.port, server.port + 1))
        }

    assert found == answering


def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    port = free_ports()
    with socket.create_server(("127.0.0.2", port)):
        hosts = ("--host", "127.0.0.1", "--host", "127.0.0.2")
        ran = run("serve", "--data", tmp_path / "data", "--port", str(port), *hosts)

    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert f"127.0.0.2 port {port}" in ran.err
