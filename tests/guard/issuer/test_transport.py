"""A guard's requests over connections that a server ends."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import httpx2
import pytest

from gatepass.guard.issuer.transport import Sender
from gatepass.wire.flow import Request

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
TIMEOUT = 30.0


@contextmanager
def answering(*connections: int) -> Iterator[str]:
    """Answer so many requests on each connection, then take one more and end it."""

    def serve() -> None:
        for answers in connections:
            taken, _ = listening.accept()
            with taken:
                for _ in range(answers):
                    taken.recv(65536)
                    taken.sendall(ANSWER)
                taken.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            thread.join()


def test_a_connection_that_the_server_has_ended_meanwhile_is_no_reason_to_give_up() -> None:
    sender = Sender(TIMEOUT, 1024)
    with answering(1, 1) as url:
        answers = [sender.send(Request("POST", url, {}, b"token=x")) for _ in range(2)]
        sender.close()  # which is the last thing that the server waits for

    assert [answer.body for answer in answers] == [b"good", b"good"]


def test_a_server_that_ends_every_connection_has_no_answer() -> None:
    sender = Sender(TIMEOUT, 1024)
    with answering(0, 0) as url, pytest.raises(httpx2.RemoteProtocolError):
        sender.send(Request("GET", url, {}))
    sender.close()
