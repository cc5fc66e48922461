"""Binds sockets: one address after another, IPv6 beside IPv4.

A bound socket refuses connections until a process that can respond listens on it.
"""

import ctypes
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import NamedTuple

from gatepass.server.environment.data_directory import ServingError

BACKLOG = 2048  # connections that wait to be accepted
LAST_CONNECTIONS = 0.2  # seconds for connections that were made just before new ones are ignored
_MOST_UNSENT = 128 * 1024  # bytes that the kernel keeps for a client that does not read
_ANY_IPV6 = "::"
_SO_ATTACH_FILTER = 26  # Linux; the module socket has no name for it
# Drops segments that begin a connection: SYN without ACK in byte 13 of the TCP header (BPF).
_NO_SYN = b"".join(
    struct.pack("=HBBI", *each)
    for each in (
        (0x30, 0, 0, 13),
        (0x54, 0, 0, 0x12),
        (0x15, 0, 1, 0x02),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, 0xFFFFFFFF),
    )
)


class Listening(NamedTuple):
    """The bound sockets: of both environments, and the one of /metrics alone, if any.

    Those of `mutual` are of the port that asks clients for a certificate.
    """

    main: list[socket.socket]
    metrics: socket.socket | None = None
    mutual: Sequence[socket.socket] = ()

    @property
    def public(self) -> list[socket.socket]:
        """Return the sockets that clients connect to."""
        return [*self.main, *self.mutual]

    def copy(self) -> "Listening":
        """Return other descriptors of the same sockets."""
        metrics = self.metrics.dup() if self.metrics else None
        main, mutual = ([each.dup() for each in those] for those in (self.main, self.mutual))
        return Listening(main, metrics, mutual)

    def ignore_new_connections(self) -> None:
        """Leave new connections unanswered, so that all that exist can be accepted before the end.

        Closing a listening socket resets the connections that wait in its queue, although their
        clients have sent requests. A client that is ignored tries again after a second, is then
        refused, and knows that it has sent nothing. Does nothing on systems other than Linux.
        """
        if not sys.platform.startswith("linux"):
            return
        program = ctypes.create_string_buffer(_NO_SYN, len(_NO_SYN))
        count = len(_NO_SYN) // struct.calcsize("=HBBI")
        option = struct.pack("HP", count, ctypes.addressof(program))
        for each in self.public:
            with suppress(OSError):  # a sandbox may not allow it
                each.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)

    def close(self) -> None:
        """Close these descriptors; a socket ends with its last one."""
        for each in (*self.public, *((self.metrics,) if self.metrics else ())):
            each.close()


def listen(hosts: Sequence[str], port: int, option: str) -> list[socket.socket]:
    """Return a bound socket for each host, on one port; raise ServingError if one is taken.

    `::` also serves IPv4, unless an IPv4 address is among the hosts. The error names `option` as
    the way to choose another port.
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
    try:
        bound = _bound(host, port, serves_ipv4=host == _ANY_IPV6 and with_ipv4)
    except OSError as error:
        raise ServingError(
            f"Cannot listen on {host} port {port} ({error.strerror}). "
            f"End what uses it, or choose another with {option}."
        ) from None
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # every connection that it accepts inherits it
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _MOST_UNSENT)
    return bound


def _bound(host: str, port: int, *, serves_ipv4: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as undo:
        bound = undo.enter_context(socket.socket(family, socket.SOCK_STREAM))
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            only_ipv6 = not (serves_ipv4 and socket.has_dualstack_ipv6())
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_ipv6)
        bound.bind((host, port))
        undo.pop_all()
    return bound
