import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser.chromium import launched
from browser.walk import Walk
from server_process import Server

PICTURES = os.environ.get("GATEPASS_PICTURES")  # a directory, to look at what was tested


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one file: while playwright is open, no other test could run an event loop."""
    with launched() as browser:
        yield browser


@pytest.fixture
def walk(
    browser: Browser, server: Server, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Walk]]:
    """Open a browser window of its own: `walk(width=360, scheme="dark", scripts=False)`."""
    opened: list[Walk] = []

    def open_walk(*, width: int = 1280, scheme: str = "light", scripts: bool = True) -> Walk:
        pictures = Path(PICTURES, request.node.name) if PICTURES else None
        opened.append(
            Walk(browser, server.url("sandbox"), width, scheme, pictures, scripts=scripts)
        )
        return opened[-1]

    yield open_walk
    for each in opened:
        each.close()
