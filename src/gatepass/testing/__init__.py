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

from typing import TYPE_CHECKING

from gatepass.lazy_names import lazy_names

if TYPE_CHECKING:
    from gatepass.loopback import Response as Response
    from gatepass.testing.clock import Clock as Clock
    from gatepass.testing.endpoint import TokenRequest as TokenRequest
    from gatepass.testing.responses import busy as busy
    from gatepass.testing.responses import hang_up as hang_up
    from gatepass.testing.responses import json_response as json_response
    from gatepass.testing.responses import page as page
    from gatepass.testing.responses import refusal as refusal
    from gatepass.testing.server import ApiRequest as ApiRequest
    from gatepass.testing.server import FakeServer as FakeServer

_MODULES = {
    "ApiRequest": ".server",
    "Clock": ".clock",
    "FakeServer": ".server",
    "Response": ".responses",
    "TokenRequest": ".endpoint",
    "busy": ".responses",
    "hang_up": ".responses",
    "json_response": ".responses",
    "page": ".responses",
    "refusal": ".responses",
}

__all__ = list(_MODULES)
__getattr__ = lazy_names(__name__, _MODULES)  # pytest imports this package at every start
