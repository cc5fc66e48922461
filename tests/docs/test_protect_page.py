"""The page about protecting an API, played as a reader would, and its figures."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import run
from docs.page import ROOT, Reader, play
from gatepass.guard.model import expectation
from gatepass.guard.revocation import feed
from gatepass.guard.testing import FakeIssuer
from gatepass.guard.verification import introspection_request
from gatepass.guard.verification.jwks_cache import Policy
from gatepass.server.environment import change_follower
from gatepass.server.oauth.forward_auth import endpoint
from gatepass.wire import params
from server_process import free_ports

PORTS = ("9001", "9002", "9003", "9004", "9005", "9006")


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as running:
        yield running


def test_every_example_protects_its_api(issuer: FakeIssuer, tmp_path: Path) -> None:
    ports = {port: str(free_ports()) for port in PORTS}
    ours = run("organization", "create", "Ourselves", "--admin", "ops", "--json", cwd=tmp_path)
    org_id: str = json.loads(ours.out)["org_id"]
    environ = issuer.environ | {"TOKEN": issuer.mint("meters:read"), "ORG_ID": org_id}
    with Reader(tmp_path, {"https://app.example.com": issuer.url} | ports, environ) as reader:
        played = list(play("protect-an-api.md", reader, {}))

    assert len([block for block in played if block.file]) == 10


def test_the_figures_of_the_page_about_checks_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "reference" / "what-is-checked-where.md").read_text()
    policy = Policy()

    assert f"at most {params.LONGEST_TOKEN} characters" in page
    assert f"G, {expectation.LEEWAY} s late" in page
    assert f"G, {expectation.LEEWAY} s early" in page
    assert f"`stale_for`\n({policy.stale_for:.0f} s)" in page
    assert f"of a key removed at once | {policy.max_age:.0f} s |" in page
    assert f"as it is | {introspection_request.CACHE_SECONDS:.0f} s, and" in page
    assert f"its end and {expectation.LEEWAY} s |" in page
    assert f"at most {feed.LIMIT:.0f} s, then `on_stale_feed`" in page
    assert f"changes every {change_follower.POLL_EVERY * 1000:.0f} ms" in page
    assert f"(`X-Auth-Assertion`) | {endpoint.ASSERTION_LIVES} s |" in page


def test_every_program_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "reference" / "what-is-checked-where.md").read_text()

    for module in re.findall(r"python -m ([a-z_.]+)", page):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
    for path in re.findall(r"pytest (tests/[\w/.]+)", page):
        assert (ROOT / path).exists()
