"""What h11 makes of a stream of bytes: the referee, which shares no code with our protocol.

Where h11 and our protocol differ by intent, and RFC 9112 permits it, h11's result is adapted:

- §2.2: a server should ignore empty lines before a request line; h11 refuses them.
- §3.2.2: the host of a target in absolute form replaces the Host field; h11's caller does that.
- §7: names of transfer codings are case-insensitive; h11 delivers them in lower case.
- An empty query is no query: ASGI does not tell `/a?` from `/a`.
"""

import re

import h11

from server.serving.http1.requests import Delivered, Fields

_ABSOLUTE = re.compile(rb"(?i:https?)://([^/?]*)(.*)", re.DOTALL)
_UNBOUNDED = 1 << 30  # our own bounds have tests of their own


def judge(stream: bytes) -> list[Delivered]:
    """Return the requests in `stream`, up to the first one that is refused or incomplete."""
    delivered: list[Delivered] = []
    is_open = True
    while is_open:
        while stream.startswith(b"\r\n"):
            stream = stream[2:]
        request, stream, is_open = _first(stream)
        if request is not None:
            delivered.append(request)
    return delivered


def _first(stream: bytes) -> tuple[Delivered | None, bytes, bool]:
    """Return the first request, what follows it, and whether the connection persists."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=_UNBOUNDED)
    request: h11.Request | None = None
    body = b""
    try:
        connection.receive_data(stream)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
            else:
                return _delivered(request, None), b"", False
    except h11.RemoteProtocolError:
        return _delivered(request, None), b"", False
    left, _ = connection.trailing_data
    # A refusal: an answer with a 2xx status would accept CONNECT.
    connection.send(h11.Response(status_code=405, headers=[(b"content-length", b"0")]))
    connection.send(h11.EndOfMessage())
    is_open = connection.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}
    return _delivered(request, body), left, is_open


def _delivered(request: h11.Request | None, body: bytes | None) -> Delivered | None:
    if request is None:
        return None
    target, fields = bytes(request.target), tuple((bytes(a), bytes(b)) for a, b in request.headers)
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is not None:
        target = absolute[2] if absolute[2].startswith(b"/") else b"/" + absolute[2]
        fields = _with_host(fields, absolute[1])
    if target.endswith(b"?") and target.count(b"?") == 1:
        target = target[:-1]
    return Delivered(bytes(request.method), target, fields, body)


def _with_host(fields: Fields, host: bytes) -> Fields:
    if all(name != b"host" for name, _ in fields):
        return ((b"host", host), *fields)
    return tuple((name, host if name == b"host" else value) for name, value in fields)
