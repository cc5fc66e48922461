"""What is written in one turn of the event loop goes out as one."""

import asyncio
from collections.abc import Callable

import pytest

from gatepass.server.serving.http1.write_buffer import BufferedTransport


class Recording(asyncio.Transport):
    """A transport that keeps what is done with it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.done: list[bytes | str] = []

    def write(self, data: "bytes | bytearray | memoryview[int]") -> None:
        self.done.append(bytes(data))

    def is_closing(self) -> bool:
        return "closed" in self.done

    def close(self) -> None:
        self.done.append("closed")


async def _after(act: Callable[[BufferedTransport], None], turns: int) -> list[bytes | str]:
    recording = Recording()
    act(BufferedTransport(recording, asyncio.get_running_loop()))
    for _ in range(turns):
        await asyncio.sleep(0)
    return list(recording.done)  # as it is now: the loop turns once more when it ends


def after(act: Callable[[BufferedTransport], None], *, turns: int = 1) -> list[bytes | str]:
    return asyncio.run(_after(act, turns))


def test_head_and_body_become_one_write_at_the_end_of_the_turn() -> None:
    def act(transport: BufferedTransport) -> None:
        transport.write(b"head ")
        transport.write(b"body")

    assert after(act, turns=0) == []
    assert after(act) == [b"head body"]


def test_what_is_written_in_a_later_turn_is_a_write_of_its_own() -> None:
    async def twice() -> list[bytes | str]:
        recording = Recording()
        transport = BufferedTransport(recording, asyncio.get_running_loop())
        for piece in (b"one", b"two"):
            transport.write(piece)
            await asyncio.sleep(0)
        return list(recording.done)  # as it is now: the loop turns once more when it ends

    assert asyncio.run(twice()) == [b"one", b"two"]


def test_closing_writes_what_waits_first() -> None:
    def act(transport: BufferedTransport) -> None:
        transport.write(b"last words")
        transport.close()

    assert after(act) == [b"last words", "closed"]


def test_nothing_is_written_to_a_transport_that_closed_meanwhile() -> None:
    async def scene() -> list[bytes | str]:
        recording = Recording()
        transport = BufferedTransport(recording, asyncio.get_running_loop())
        transport.write(b"on its way")
        recording.close()  # by the other end
        transport.write(b"too late")
        transport.write_eof()
        await asyncio.sleep(0)
        return list(recording.done)

    assert asyncio.run(scene()) == ["closed"]


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_more_than_64_kib_never_waits(size: int) -> None:
    assert after(lambda transport: transport.write(bytes(size)), turns=0) == [bytes(size)]


def test_everything_else_is_the_transports_own() -> None:
    def act(transport: BufferedTransport) -> None:
        assert transport.get_extra_info("peername") == ("127.0.0.1", 1)

    assert after(act) == []
