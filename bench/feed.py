"""How long a revocation takes to reach a guard in another process, and what a million cost it.

`python -m bench.feed` prints the time from the revocation's 200 to the guard's first refusal,
over a server with two workers, and the memory and time of a guard that reads a million.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from bench import fill, product
from bench.processes import ROOT, environment
from bench.product import Credentials, Server
from gatepass.guard.credentials import Credentials as OfGuard
from gatepass.guard.feed import Feed
from gatepass.wire.secret import Secret

REVOCATIONS = 100
MILLION = 1_000_000
EACH = 100  # bytes
WITHIN = 1.0  # seconds, p99
PATIENCE = 600.0

_LOOK_EVERY = 0.0005  # seconds
_GUARD = "guard"  # the argument with which this program is the guard


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        operator = product.create(data)
        guards = product.guard_credentials(data)
        with product.served(data, workers=2) as server:
            print(_delays(server, operator, guards))
        fill.revoke(data, MILLION)
        with product.served(data) as server:
            print(_size(server, guards))


def _delays(server: Server, partner: Credentials, guards: Credentials) -> str:
    """Revoke one token after the other; give how long the guard took to know."""
    took = []
    with (
        _guard(server, guards) as guard,
        httpx2.Client(base_url=_url(server), auth=_pair(partner)) as api,
    ):
        assert guard.stdin is not None
        assert guard.stdout is not None
        for number in range(REVOCATIONS):
            token, jti = _token(api)
            guard.stdin.write(f"{jti}\n")
            guard.stdin.flush()
            assert guard.stdout.readline() == "good\n"
            time.sleep(0.013 * (number % 17))  # so that every phase of the server's look is met
            api.post("/oauth2/revoke_token/", data={"token": token}).raise_for_status()
            revoked_at = time.monotonic()
            took.append(max(0.0, float(guard.stdout.readline()) - revoked_at))
    cuts = statistics.quantiles(took, n=100, method="inclusive")
    return (
        f"revocation known to a guard in another process, of {REVOCATIONS}, two workers: "
        f"p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms, most "
        f"{max(took) * 1000:.0f} ms (p99 to reach: {WITHIN * 1000:.0f} ms)"
    )


def _size(server: Server, guards: Credentials) -> str:
    """Read a million revocations; give what they take."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    started = time.monotonic()
    with closing(_feed(_url(server), guards)) as feed:
        if not feed.ready(PATIENCE):
            raise SystemExit(f"the feed was not read: {feed.status()}")
        took = time.monotonic() - started
        after, peak = tracemalloc.get_traced_memory()
        count = feed.status()["tokens"]
    tracemalloc.stop()
    return (
        f"{count:,} revocations in a guard: {(after - before) / MILLION:.0f} bytes each, at most "
        f"{(peak - before) / MILLION:.0f} while they were read ({EACH} at most), in {took:.0f} s "
        f"with every allocation traced; {_transfer(server, guards)}"
    )


def _transfer(server: Server, guards: Credentials) -> str:
    """Read the snapshot plainly; give its size on the wire, and the time."""
    size, longest, cursor, started = 0, 0.0, "", time.monotonic()
    with httpx2.Client(base_url=_url(server), auth=_pair(guards), timeout=60) as api:
        more = True
        while more:
            asked = time.monotonic()
            params = {"cursor": cursor} if cursor else {}
            answer = api.get("/oauth2/revocations/", params=params).raise_for_status()
            longest = max(longest, time.monotonic() - asked)
            size += len(answer.content)
            said = json.loads(answer.content)
            cursor, more = said["cursor"], said["more"]
    return (
        f"{size / 1e6:.1f} MB on the wire, {time.monotonic() - started:.1f} s for all pages, "
        f"{longest * 1000:.0f} ms for the slowest"
    )


def _token(api: httpx2.Client) -> tuple[str, str]:
    """Give a token and its `jti`."""
    form = {"grant_type": "client_credentials"}
    token: str = api.post("/oauth2/token/", data=form).json()["access_token"]
    said = api.post("/oauth2/introspect/", data={"token": token}).json()
    return token, said["jti"]


@contextmanager
def _guard(server: Server, guards: Credentials) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.feed", _GUARD, _url(server)]
    with subprocess.Popen(
        [*command, guards.client_id, guards.client_secret],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _watch(url: str, client_id: str, client_secret: str) -> None:
    """Be the guard: for each `jti` say "good", then the moment from which it is refused."""
    with closing(_feed(url, Credentials(client_id, client_secret))) as feed:
        feed.ready(PATIENCE)
        for line in sys.stdin:
            jti = line.strip()
            print("bad" if feed.is_revoked(jti, "", None) else "good", flush=True)
            while not feed.is_revoked(jti, "", None):
                time.sleep(_LOOK_EVERY)
            print(time.monotonic(), flush=True)  # one clock for all processes of a machine


def _feed(url: str, guards: Credentials) -> Feed:
    return Feed(url, OfGuard(guards.client_id, Secret(guards.client_secret)))


def _url(server: Server) -> str:
    return f"http://localhost:{server.port}"


def _pair(credentials: Credentials) -> tuple[str, str]:
    return credentials.client_id, credentials.client_secret


if __name__ == "__main__":
    if sys.argv[1:2] == [_GUARD]:
        _watch(*sys.argv[2:])
    else:
        main()
