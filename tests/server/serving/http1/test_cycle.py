"""The response of our ASGI cycle is, byte for byte, that of uvicorn's, whose `send` it replaces."""

import asyncio
import logging
from typing import Any

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gatepass.server.serving.http1.cycle import Cycle
from server.serving.fast_path.play import Recording

Headers = list[tuple[bytes, bytes]]

LENGTH = (b"content-length", b"2")
CHUNKED = (b"Transfer-Encoding", b"chunked")
RESPONSES: dict[str, tuple[str, int, Headers]] = {
    "a length": ("GET", 200, [LENGTH]),
    "no length": ("GET", 200, []),
    "chunked": ("POST", 200, [CHUNKED]),
    "HEAD": ("HEAD", 200, []),
    "HEAD with a length": ("HEAD", 200, [(b"content-length", b"700")]),
    "no content": ("GET", 204, []),
    "not modified": ("GET", 304, [(b"etag", b'"1"')]),
    "a status that is on no list": ("GET", 299, [LENGTH]),
    "names in capitals": ("GET", 200, [(b"Content-Type", b"text/html"), (b"X-A", b"B"), LENGTH]),
    "lines that repeat": ("GET", 200, [(b"cache-control", b"no-store")] * 2 + [LENGTH]),
    "two cookies": ("GET", 200, [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), LENGTH]),
    "close": ("GET", 200, [(b"connection", b"Close"), LENGTH]),
    "close among others": ("GET", 200, [(b"connection", b"x, close"), LENGTH]),
    "a tab": ("GET", 200, [(b"x-a", b"b\tc"), LENGTH]),
}
BROKEN: list[tuple[bytes, bytes]] = [
    (b"x-a", b"b\r\nc: d"),
    (b"x-a", b"b\x00"),
    (b"x a", b"b"),
    (b"x\r\ny", b"b"),
    (b"", b"\x7f"),
    (b"content-type", b"a\nb"),
]


def cycle_of(
    kind: type[RequestResponseCycle], method: str, transport: Recording, *, keep_alive: bool
) -> RequestResponseCycle:
    return kind(
        scope={"type": "http", "method": method},  # type: ignore[typeddict-item]
        transport=transport,
        flow=FlowControl(transport),
        logger=logging.getLogger("test"),
        access_logger=logging.getLogger("test"),
        access_log=False,
        default_headers=[(b"date", b"today"), (b"server", b"x")],
        message_event=asyncio.Event(),
        expect_100_continue=False,
        keep_alive=keep_alive,
        on_response=lambda: None,
    )


async def played(
    kind: type[RequestResponseCycle],
    method: str,
    messages: list[dict[str, Any]],
    *,
    keep_alive: bool,
) -> tuple[bytes, bool]:
    """Return what a cycle writes for these messages, and whether it closes the connection."""
    transport = Recording()
    cycle = cycle_of(kind, method, transport, keep_alive=keep_alive)
    for message in messages:
        await cycle.send(message)  # type: ignore[arg-type]
    return b"".join(transport.writes), transport.is_closed


@pytest.mark.parametrize("keep_alive", [True, False])
@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_the_same_as_uvicorns(name: str, *, keep_alive: bool) -> None:
    method, status, headers = RESPONSES[name]
    body = b"" if status in (204, 304) else b"{}"
    messages: list[dict[str, Any]] = [
        {"type": "http.response.start", "status": status, "headers": headers},
        {"type": "http.response.body", "body": body},
    ]

    ours = [asyncio.run(played(Cycle, method, messages, keep_alive=keep_alive)) for _ in range(2)]
    theirs = asyncio.run(played(RequestResponseCycle, method, messages, keep_alive=keep_alive))

    assert ours == [theirs, theirs]  # the second time from memory


@pytest.mark.parametrize("header", BROKEN)
def test_a_header_that_would_begin_another_line_is_never_written(
    header: tuple[bytes, bytes],
) -> None:
    transport = Recording()
    cycle = cycle_of(Cycle, "GET", transport, keep_alive=True)

    for _ in range(2):
        cycle.response_started = False
        with pytest.raises(RuntimeError, match="forbidden character"):
            asyncio.run(
                cycle.send({"type": "http.response.start", "status": 200, "headers": [header]})
            )

    assert transport.writes == []


def test_a_body_before_its_head_is_refused() -> None:
    cycle = cycle_of(Cycle, "GET", Recording(), keep_alive=True)

    with pytest.raises(RuntimeError, match=r"http\.response\.start"):
        asyncio.run(cycle.send({"type": "http.response.body", "body": b"x"}))
