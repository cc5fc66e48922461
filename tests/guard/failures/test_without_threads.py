"""The guard and its feed where no thread can be started, or the main thread has ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepass.guard.testing import FakeIssuer
from guard.revocation.feed_server import PATIENCE

_HERE = Path(__file__).parent


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as made:
        yield made


def run(program: str, issuer: FakeIssuer) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(_HERE / program), issuer.url, issuer.opaque(), issuer.mint()],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        env={**os.environ, **issuer.environ, "PYTHONPATH": str(_HERE.parents[1])},
    )


def test_a_guard_goes_on_or_answers_503_once_the_main_thread_has_ended(
    issuer: FakeIssuer,
) -> None:
    ran = run("ended.py", issuer)

    found = "test-application test-application test-application 503 True 503"
    assert (ran.returncode, ran.stdout) == (0, found), ran.stderr


def test_without_a_thread_a_guard_answers_503_and_a_feed_says_why_and_tries_again(
    issuer: FakeIssuer,
) -> None:
    ran = run("threadless.py", issuer)

    opaque, jwt, state, problem, is_ready, later, *callers = ran.stdout.split("\n")
    assert (opaque, jwt, state) == ("503", "503", "stale"), ran.stderr
    assert problem.startswith("no thread can be started")
    assert (is_ready, later, callers) == ("True", "", ["test-application"] * 2)
    assert "the revocation feed cannot be followed: no thread can be started" in ran.stderr
