"""Help for tests of programs that use Gatepass: a real token endpoint and a clock to move.

    from gatepass import TokenSource
    from gatepass.testing import Clock, FakeServer

    with FakeServer(expires_in=600) as server:
        clock = Clock()
        source = TokenSource(server.settings, now=clock)
        first = source.token()
        clock.advance(600)
        assert source.token() is not first

The server listens on loopback and speaks HTTP, so whatever library sends the requests is tested
with it. With pytest the fixtures `gatepass_server`, `gatepass_clock` and `gatepass_env` are
there without an import (see `pytest_plugin`). Needs nothing but the standard library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatepass.testing.answers import Answer, busy, hang_up, page, refusal
    from gatepass.testing.clock import Clock
    from gatepass.testing.endpoint import TokenRequest
    from gatepass.testing.server import ApiRequest, FakeServer

_MODULES = {
    "Answer": "answers",
    "ApiRequest": "server",
    "Clock": "clock",
    "FakeServer": "server",
    "TokenRequest": "endpoint",
    "busy": "answers",
    "hang_up": "answers",
    "page": "answers",
    "refusal": "answers",
}

__all__ = [
    "Answer",
    "ApiRequest",
    "Clock",
    "FakeServer",
    "TokenRequest",
    "busy",
    "hang_up",
    "page",
    "refusal",
]


def __getattr__(name: str) -> object:
    """Load on first use: pytest imports this package at every start."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
