"""The fixtures, as pytest finds them: by the entry point, in a process of its own."""

from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

FIXTURES = """
import os
import httpx2
import pytest
from gatepass import BearerAuth, TokenSource

@pytest.fixture(autouse=True, scope="session")
def old():
    os.environ["GATEPASS_SCOPE"] = "left-over"

def test_server(gatepass_server):
    source = TokenSource(gatepass_server.settings)
    assert gatepass_server.accepts(source.token().authorization)
    assert len(gatepass_server.token_requests) == 1

def test_clock(gatepass_server, gatepass_clock):
    source = TokenSource(gatepass_server.settings, now=gatepass_clock)
    first = source.token()
    gatepass_clock.advance(3600)
    assert not gatepass_server.accepts(first.authorization)
    assert source.token() is not first

def test_env(gatepass_env):
    with httpx2.Client(auth=BearerAuth.from_env()) as client:
        assert client.get(gatepass_env.api_url).json()["scope"] == ""

def test_env_is_put_back():
    assert [name for name in os.environ if name.startswith("GATEPASS_")] == ["GATEPASS_SCOPE"]
"""
UNUSED = """
import sys

def test_nothing_is_loaded():
    loaded = {name for name in sys.modules if name.partition(".")[0] in ("gatepass", "httpx2")}
    packages = {"gatepass", "gatepass.lazy_names", "gatepass.testing"}
    assert loaded == packages | {"gatepass.testing.pytest_plugin"}
"""


def test_pytest_finds_the_plugin_by_itself() -> None:
    [found] = entry_points(group="pytest11", name="gatepass")

    assert found.value == "gatepass.testing.pytest_plugin"


def test_the_fixtures_work_without_an_import(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GATEPASS_TOKEN_URL", "GATEPASS_CLIENT_ID", "GATEPASS_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(FIXTURES)

    pytester.runpytest_subprocess("-W", "error", "-p", "no:xdist").assert_outcomes(passed=4)


def test_pytest_loads_next_to_nothing_where_no_fixture_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(UNUSED)

    others = ("no:xdist", "no:pytest_cov", "no:gatepass_guard")
    ran = pytester.runpytest_subprocess(*[f"-p{other}" for other in others])

    ran.assert_outcomes(passed=1)


def test_the_fixtures_are_not_there_where_they_are_not_wanted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(gatepass_server): pass")

    ran = pytester.runpytest_subprocess("-p", "no:gatepass")

    ran.assert_outcomes(errors=1)
