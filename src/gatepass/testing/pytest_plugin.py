"""Fixtures for pytest, which finds them by itself where Gatepass is installed.

- `gatepass_server`: a running FakeServer, a new one for each test; its tokens expire by
  `gatepass_clock` where the test uses that, too.
- `gatepass_clock`: a Clock to move, for `TokenSource(settings, now=gatepass_clock)`.
- `gatepass_env`: sets the GATEPASS_... variables to those of `gatepass_server`, takes out the
  others, and gives the server.

`-p no:gatepass` leaves them out. This is imported at every start of pytest, so it imports
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
    """Give a clock that stands still until it is told to advance."""
    from gatepass.testing.clock import Clock

    return Clock()


@pytest.fixture
def gatepass_server(request: pytest.FixtureRequest) -> "Iterator[FakeServer]":
    """Give a running server with a client of its own."""
    from gatepass.testing.server import FakeServer

    has_clock = "gatepass_clock" in request.fixturenames
    clock = {"now": request.getfixturevalue("gatepass_clock")} if has_clock else {}
    with FakeServer(**clock) as server:
        yield server


@pytest.fixture
def gatepass_env(gatepass_server: "FakeServer", monkeypatch: pytest.MonkeyPatch) -> "FakeServer":
    """Let everything that reads the environment find the server."""
    for name in os.environ:
        if name.startswith("GATEPASS_"):
            monkeypatch.delenv(name)
    for name, text in gatepass_server.environ.items():
        monkeypatch.setenv(name, text)
    return gatepass_server
