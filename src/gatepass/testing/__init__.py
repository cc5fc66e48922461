"""A kit for tests of programs that use Gatepass: a token endpoint and a clock to advance.

    from gatepass import TokenSource
    from gatepass.testing import Clock, FakeServer

    with FakeServer(expires_in=600) as server:
        clock = Clock()
        source = TokenSource(server.settings, now=clock)
        first = source.token()
        clock.advance(600)
        assert source.token() is not first

The server listens on loopback and speaks HTTP, so the library that sends the requests is tested
with it. With pytest the fixtures `gatepass_server`, `gatepass_clock` and `gatepass_env` are
available without an import (see `pytest_plugin`). Needs nothing but the standard library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.loopback import Response
    from gatepass.testing.clock import Clock
    from gatepass.testing.endpoint import TokenRequest
    from gatepass.testing.responses import busy, hang_up, json_response, page, refusal
    from gatepass.testing.server import ApiRequest, FakeServer

_MODULES = {
    "ApiRequest": "server",
    "Clock": "clock",
    "FakeServer": "server",
    "Response": "responses",
    "TokenRequest": "endpoint",
    "busy": "responses",
    "hang_up": "responses",
    "json_response": "responses",
    "page": "responses",
    "refusal": "responses",
}

__all__ = [
    "ApiRequest",
    "Clock",
    "FakeServer",
    "Response",
    "TokenRequest",
    "busy",
    "hang_up",
    "json_response",
    "page",
    "refusal",
]


def __getattr__(name: str) -> object:
    """Load on first use: pytest imports this package at every start."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
