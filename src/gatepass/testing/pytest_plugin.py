"""Fixtures for pytest, which finds them where Gatepass is installed.

- `gatepass_server`: a running FakeServer, a new one for each test; its tokens expire by
  `gatepass_clock` where the test uses that, too.
- `gatepass_clock`: a Clock to advance, for `TokenSource(settings, now=gatepass_clock)`.
- `gatepass_env`: sets the GATEPASS_... variables to those of `gatepass_server`, removes the
  others, and returns the server.

`-p no:gatepass` disables them. This is imported at every start of pytest, so it imports
nothing until a fixture is used.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gatepass.testing.clock import Clock
    from gatepass.testing.server import FakeServer


@pytest.fixture
def gatepass_clock() -> "Clock":
    """Return a clock that stops until a test advances it."""
    from gatepass.testing.clock import Clock

    return Clock()


@pytest.fixture
def gatepass_server(request: pytest.FixtureRequest) -> "Iterator[FakeServer]":
    """Return a running server with one client."""
    from gatepass.testing.server import FakeServer

    has_clock = "gatepass_clock" in request.fixturenames
    clock = {"now": request.getfixturevalue("gatepass_clock")} if has_clock else {}
    with FakeServer(**clock) as server:
        yield server


@pytest.fixture
def gatepass_env(gatepass_server: "FakeServer", monkeypatch: pytest.MonkeyPatch) -> "FakeServer":
    """Point the GATEPASS_... variables to the server."""
    for name in os.environ:
        if name.startswith("GATEPASS_"):
            monkeypatch.delenv(name)
    for name, text in gatepass_server.environ.items():
        monkeypatch.setenv(name, text)
    return gatepass_server
