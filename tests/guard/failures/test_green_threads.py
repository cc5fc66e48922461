"""The guard and its feed in processes that gevent or eventlet have patched."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatepass.guard.testing import FakeIssuer
from guard.revocation.feed_server import PATIENCE

_PROGRAM = Path(__file__).with_name("green.py")


@pytest.mark.parametrize("kind", ["gevent", "eventlet", "threads"])
def test_a_feed_leaves_the_database_of_a_patched_process_alone(kind: str) -> None:
    with FakeIssuer() as issuer:
        token = issuer.mint()
        with subprocess.Popen(
            [sys.executable, str(_PROGRAM), kind, issuer.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **issuer.environ},
        ) as program:
            assert program.stdin is not None
            assert program.stdout is not None
            program.stdin.write(f"{token}\n")
            program.stdin.flush()
            first = program.stdout.readline()
            issuer.revoke(token)
            second, problems = program.communicate("revoked\n", timeout=PATIENCE)

    assert (first, second) == ("7 test-application\n", "401 fresh\n"), problems
    assert program.returncode == 0
