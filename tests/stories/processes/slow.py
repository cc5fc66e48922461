"""Clients that take their time: many connections that say little, or read nothing."""

import random
import selectors
import socket
import threading
import time
from contextlib import ExitStack, suppress
from typing import Self

HOW_MANY = 500
_TICK = 0.01  # seconds
_OPENED_A_TICK = 5
_REOPENED_A_TICK = 1  # connections in place of closed ones: slow clients are no flood
_SAY_EACH = 40  # ticks between two words of a connection
_LONG = b"GET /api/partners/v2.0/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"

# What a kind says first, and then again and again.
KINDS = {
    "silent": (b"", b""),
    "a header at a time": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n", b"X: a\r\n"),
    "a letter of the target at a time": (b"GET /", b"a"),
    "a body at a time": (
        b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n",
        b"a",
    ),
    "a chunk at a time": (
        b"POST /oauth2/token/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\na\r\n",
    ),
    "never reading": (_LONG * 8, _LONG),
}


class SlowClients(threading.Thread):
    """Keeps HOW_MANY connections of a kind open; one that the server closes is opened again."""

    def __init__(self, port: int, kind: str) -> None:
        super().__init__(name="slow clients", daemon=True)
        self.closed_by_server = 0
        self.were_all_opened = threading.Event()
        self._port = port
        host = b"Host: localhost:%d\r\n" % port
        self._first, self._again = (
            each.replace(b"Host: localhost\r\n", host) for each in KINDS[kind]
        )
        self._reads = kind != "never reading"
        self._open: dict[socket.socket, int] = {}
        self._opened = 0
        self._selector = selectors.DefaultSelector()
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self.join()
        for each in self._open:
            each.close()
        self._selector.close()

    def run(self) -> None:
        tick = 0
        while not self._is_over.is_set():
            tick += 1
            most = _REOPENED_A_TICK if self.were_all_opened.is_set() else _OPENED_A_TICK
            for _ in range(min(most, HOW_MANY - len(self._open))):
                self._connect(tick)
            if self._opened >= HOW_MANY:
                self.were_all_opened.set()
            for each, at in list(self._open.items()):
                if (tick - at) % _SAY_EACH == 0:
                    self._say(each, self._again)
            for key, _ in self._selector.select(0):
                self._look(key.fileobj)
            time.sleep(_TICK)

    def _connect(self, tick: int) -> None:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.connect(("127.0.0.1", self._port))
        opened.setblocking(False)
        self._open[opened] = tick + random.randrange(_SAY_EACH)
        self._opened += 1
        self._selector.register(opened, selectors.EVENT_READ)
        self._say(opened, self._first)

    def _say(self, connection: socket.socket, data: bytes) -> None:
        with suppress(BlockingIOError):
            try:
                connection.send(data)
            except OSError as error:
                if isinstance(error, BlockingIOError):
                    raise
                self._forget(connection)

    def _look(self, connection: object) -> None:
        """Notice an end; what is there to read is read, or stays for ever."""
        assert isinstance(connection, socket.socket)
        if connection not in self._open:
            return
        try:
            if self._reads:
                is_over = not connection.recv(65536)
            else:
                is_over = not connection.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._forget(connection)
        elif not self._reads:
            self._selector.unregister(connection)  # an end is seen when it says something

    def _forget(self, connection: socket.socket) -> None:
        self.closed_by_server += 1
        self._open.pop(connection, None)
        with suppress(KeyError):
            self._selector.unregister(connection)
        connection.close()


def resident_kib(pid: int) -> int:
    """Return how much memory a process has now."""
    with ExitStack() as stack:
        status = stack.enter_context(open(f"/proc/{pid}/status"))  # noqa: PTH123
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
