"""Opens listening sockets: one address after another, IPv6 beside IPv4."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack

from gatepass.server.opening import ServingError

BACKLOG = 2048  # connections that wait to be accepted
_MOST_UNSENT = 128 * 1024  # bytes that the kernel keeps for a client that does not read
_ANY_IPV6 = "::"


def listen(hosts: Sequence[str], port: int, option: str) -> list[socket.socket]:
    """Return a listening socket for each host, on one port; raise ServingError if one is taken.

    `::` also serves IPv4, unless an IPv4 address is among the hosts. `option` is what the error
    names as the way to choose another port.
    """
    chosen = list(dict.fromkeys(hosts))
    with_ipv4 = all(":" in host for host in chosen)
    with ExitStack() as undo:
        opened = [
            undo.enter_context(_listen(host, port, option, with_ipv4=with_ipv4)) for host in chosen
        ]
        undo.pop_all()
    return opened


def _listen(host: str, port: int, option: str, *, with_ipv4: bool) -> socket.socket:
    is_ipv6 = ":" in host
    try:
        listening = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
            backlog=BACKLOG,
            dualstack_ipv6=host == _ANY_IPV6 and with_ipv4 and socket.has_dualstack_ipv6(),
        )
    except OSError as error:
        raise ServingError(
            f"Cannot listen on {host} port {port} ({error.strerror}). "
            f"End what uses it, or choose another with {option}."
        ) from None
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # every connection that it accepts inherits it
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
    return listening
