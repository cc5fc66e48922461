"""By which scheme and from where a request comes, where a proxy stands before the server.

The rules are those of uvicorn's ProxyHeadersMiddleware because it is asked itself.
"""

from copy import copy
from functools import lru_cache
from typing import Any, NamedTuple

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Peer = tuple[str, int] | None

_MOST_KEPT = 1024
_LONGEST_KEPT = 200  # bytes of both headers


class Seen(NamedTuple):
    """What the application would be told: "http" or "https", and an address."""

    scheme: str
    source: str


def seen(
    middleware: ProxyHeadersMiddleware,
    peer: str | None,
    scheme: str,
    proto: bytes | None,
    forwarded_for: bytes | None,
) -> Seen:
    """Tell what the application behind `middleware` sees of a request.

    `peer` is the address of the connection's other end; `proto` and `forwarded_for` are the
    headers X-Forwarded-Proto and -For, None where they are not there.
    """
    is_short = len(proto or b"") + len(forwarded_for or b"") <= _LONGEST_KEPT
    ask = _ask if is_short else _ask.__wrapped__
    return ask(middleware, peer, scheme, proto, forwarded_for)


@lru_cache(maxsize=_MOST_KEPT)
def _ask(
    middleware: ProxyHeadersMiddleware,
    peer: str | None,
    scheme: str,
    proto: bytes | None,
    forwarded_for: bytes | None,
) -> Seen:
    headers = [(b"x-forwarded-proto", proto), (b"x-forwarded-for", forwarded_for)]
    scope: Any = {
        "type": "http",
        "scheme": scheme,
        "client": None if peer is None else (peer, 0),
        "headers": [(name, value) for name, value in headers if value is not None],
    }
    asked = _alone(middleware)(scope, _nothing, _nothing)
    try:
        asked.send(None)
    except StopIteration:
        client = scope["client"]
        return Seen(scope["scheme"], client[0] if client else "")
    asked.close()
    raise TypeError("uvicorn's middleware waits for something")


@lru_cache(maxsize=1)
def _alone(middleware: ProxyHeadersMiddleware) -> Any:  # noqa: ANN401 - its types are uvicorn's own
    """Give the middleware with nothing behind it."""
    alone = copy(middleware)
    alone.app = _nothing
    return alone


async def _nothing(*_: Any) -> Any:  # noqa: ANN401 - stands for an application
    return None
