"""The guard in servers that fork their workers, with Python's hooks or without."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from gatepass.guard.testing import FakeIssuer
from guard.http_server import unused_address
from guard.revocation.feed_server import PATIENCE, eventually

_HERE = Path(__file__).parent
_UWSGI = (
    str(Path(sys.executable).with_name("uwsgi")),
    *("--master", "--processes", "2", "--enable-threads", "--die-on-term", "--need-app"),
    *("--wsgi-file", str(_HERE / "preloaded.py")),
)
_GUNICORN = (
    str(Path(sys.executable).with_name("gunicorn")),
    *("--preload", "--workers", "2", "--chdir", str(_HERE), "preloaded:application"),
)
SERVERS = {
    "uwsgi": [*_UWSGI, "--http-socket"],
    "uwsgi-gevent": [*_UWSGI, "--gevent", "20", "--gevent-early-monkey-patch", "--http-socket"],
    "gunicorn": [*_GUNICORN, "--bind"],
    "gunicorn-gevent": [
        *(*_GUNICORN, "--worker-class", "gevent"),
        *("--config", str(_HERE / "patched_early.py"), "--bind"),
    ],
}


@contextmanager
def serving(server: str, issuer: FakeIssuer) -> Iterator[str]:
    address = unused_address()
    environ = {**os.environ, **issuer.environ, "ISSUER": issuer.url}
    command = [*SERVERS[server], address.removeprefix("http://")]
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            eventually(lambda: _is_listening(address) or program.poll() is not None)
            yield address
        finally:
            program.terminate()
            message, _ = program.communicate(timeout=PATIENCE)
            sys.stdout.write(message)


def _is_listening(address: str) -> bool:
    try:
        return httpx2.get(address).status_code == 401
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("server", SERVERS)
def test_workers_forked_after_the_feed_began_learn_of_revocations(server: str) -> None:
    with FakeIssuer() as issuer, serving(server, issuer) as address:
        token = issuer.mint()

        def status() -> int:
            return httpx2.get(address, headers={"Authorization": f"Bearer {token}"}).status_code

        eventually(lambda: {status() for _ in range(4)} == {200})
        issuer.revoke(token)
        eventually(lambda: {status() for _ in range(4)} == {401})
