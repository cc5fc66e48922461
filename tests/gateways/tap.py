"""A relay between a gateway and the server that records what each sends.

Behind each end of a head it ends the packet, and waits a moment for what the server makes of the
head alone: a network may do that, and no server may take what follows for another request.
"""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Condition, Thread

_WITHIN = 10.0  # seconds
_END_OF_HEAD = re.compile(rb"(?<=[^\r\n]\r\n\r\n)")


class Tap:
    """Relays connections to the server; `requests` and `answers` are the bytes of each."""

    def __init__(self, server_port: int, pause: float) -> None:
        self._server_port = server_port
        self._pause = pause
        self._changed = Condition()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytearray] = []
        self.answers: list[bytearray] = []

    def wait(self, is_there: Callable[[bytes], bool], within: float = _WITHIN) -> bool:
        """Wait until what the gateway forwarded on a connection fulfils `is_there`."""

        def look() -> bool:
            return any(is_there(bytes(each)) for each in self.requests)

        with self._changed:
            return self._changed.wait_for(look, within)

    def wait_for_answer(self, text: bytes, within: float = _WITHIN) -> bool:
        """Wait until an answer of the server has `text`."""
        with self._changed:
            return self._changed.wait_for(
                lambda: any(text in bytes(each) for each in self.answers), within
            )

    def forget(self) -> None:
        """Forget what was recorded; connections stay."""
        with self._changed:
            for each in (*self.requests, *self.answers):
                each.clear()

    def forwarded(self) -> bytes:
        """Return all that the gateway forwarded since `forget`."""
        return b"".join(bytes(each) for each in self.requests)

    def serve(self) -> None:
        """Accept connections until `close` is called."""
        with suppress(OSError):
            while True:
                gateway, _ = self._listener.accept()
                self._relay(gateway)

    def close(self) -> None:
        """Accept no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _relay(self, gateway: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._server_port))
        for each in (gateway, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        requests, answers = bytearray(), bytearray()
        self.requests.append(requests)
        self.answers.append(answers)
        there = Thread(target=self._pump, args=(gateway, server, requests, answers), daemon=True)
        there.start()
        Thread(target=self._pump_back, args=(server, gateway, answers, there), daemon=True).start()

    def _pump_back(
        self, server: socket.socket, gateway: socket.socket, answers: bytearray, there: Thread
    ) -> None:
        with suppress(OSError):
            while some := server.recv(65536):
                gateway.sendall(some)
                self._record(answers, some)
        with suppress(OSError):
            gateway.shutdown(socket.SHUT_RDWR)
        there.join()
        server.close()
        gateway.close()

    def _pump(
        self,
        gateway: socket.socket,
        server: socket.socket,
        requests: bytearray,
        answers: bytearray,
    ) -> None:
        with suppress(OSError):
            while some := gateway.recv(65536):
                self._record(requests, some)
                for piece in filter(None, _END_OF_HEAD.split(some)):
                    answered = len(answers)
                    server.sendall(piece)
                    self._await_answer(answers, answered)
        with suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _record(self, record: bytearray, some: bytes) -> None:
        with self._changed:
            record += some
            self._changed.notify_all()

    def _await_answer(self, answers: bytearray, answered: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(answers) > answered, self._pause)


@contextmanager
def tapping(server_port: int, pause: float = 0.01) -> Iterator[Tap]:
    """Relay to a server, which has `pause` seconds to answer a head before its body comes."""
    tap = Tap(server_port, pause)
    thread = Thread(target=tap.serve)
    thread.start()
    try:
        yield tap
    finally:
        tap.close()
        thread.join()
