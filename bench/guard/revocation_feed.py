"""How long a revocation takes to reach a guard in another process, and what a million cost it.

`python -m bench.guard.revocation_feed` prints the time from the revocation's 200 to the
guard's first refusal, over a server with two workers, and the memory and
time of a guard that reads a million.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2

from bench.processes import ROOT, cpu_seconds, environment, memory, peak_memory
from bench.server import gatepass_server, seed
from bench.server.gatepass_server import Credentials, Server
from gatepass.guard import Credentials as OfGuard
from gatepass.guard import Feed
from gatepass.wire.secret import Secret

REVOCATIONS = 100
MILLION = 1_000_000
EACH = 100  # bytes
WITHIN = 1.0  # seconds, p99
PATIENCE = 600.0
GUARDS = 1000  # guards
IDLE = 8.0  # seconds

_LOOK_EVERY = 0.0005  # seconds
_GUARD, _SIZE = "guard", "size"  # the arguments with which this program is a guard


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        operator = gatepass_server.create(data)
        guards = gatepass_server.guard_credentials(data)
        with gatepass_server.served(data, workers=2) as server:
            print(_delays(server, operator, guards))
        with gatepass_server.served(data) as server:
            print(asyncio.run(_crowd(server, operator, guards)))
        seed.revoke(data, MILLION)
        with gatepass_server.served(data) as server:
            print(_in_a_process_of_its_own(server, guards))
            print(_transfer(server, guards))


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


async def _crowd(server: Server, partner: Credentials, guards: Credentials) -> str:
    """Let a thousand guards wait, and revoke; give what they cost, and when the last knew."""
    async with httpx2.AsyncClient(base_url=_url(server), auth=_pair(partner)) as api:
        form = {"grant_type": "client_credentials"}
        token = (await api.post("/oauth2/token/", data=form)).json()["access_token"]
        cursor = await _first_cursor(server, guards)
        before = memory(server.process_id)
        alone = await _load(server)
        waiting = [asyncio.create_task(_poll(server, guards, cursor)) for _ in range(GUARDS)]
        await asyncio.sleep(IDLE)  # until all have asked
        used, busy = memory(server.process_id) - before, await _load(server)
        answer = await api.post("/oauth2/revoke_token/", data={"token": token})
        revoked_at = time.monotonic()
        answer.raise_for_status()
        asked_at = time.monotonic()
        await api.post("/oauth2/token/", data=form)
        between = time.monotonic() - asked_at
        took = sorted(at - revoked_at for at in await asyncio.gather(*waiting))
    return (
        f"{GUARDS:,} guards that wait at one worker: {used * 1000 / GUARDS:.0f} KB each, "
        f"{busy:.1%} of a processor ({alone:.1%} without them); after a revocation notified within "
        f"{took[GUARDS // 2] * 1000:.0f} ms (p50), {took[-1] * 1000:.0f} ms (the last); a token "
        f"asked for meanwhile took {between * 1000:.0f} ms"
    )


async def _load(server: Server) -> float:
    """Return the share of a processor that a server takes."""
    before = cpu_seconds(server.process_id)
    await asyncio.sleep(IDLE)
    return (cpu_seconds(server.process_id) - before) / IDLE


async def _first_cursor(server: Server, guards: Credentials) -> str:
    async with httpx2.AsyncClient(base_url=_url(server), auth=_pair(guards)) as api:
        cursor: str = (await api.get("/oauth2/revocations/")).json()["cursor"]
        return cursor


async def _poll(server: Server, guards: Credentials, cursor: str) -> float:
    """Request the page after the last cursor; return the time of the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"GET /oauth2/revocations/?wait=30&cursor={cursor} HTTP/1.1",
        f"Host: localhost:{server.port}",
        f"Authorization: {guards.basic()['Authorization']}",
    )
    writer.write("\r\n".join((*head, "", "")).encode())
    said = await reader.readuntil(b"\r\n\r\n")
    at = time.monotonic()
    if not said.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"a guard was refused: {said!r}")
    writer.close()
    return at


def _in_a_process_of_its_own(server: Server, guards: Credentials) -> str:
    """Return what `_size` says where nothing else was ever in memory."""
    command = [sys.executable, "-m", "bench.guard.revocation_feed", _SIZE, _url(server)]
    ran = subprocess.run(
        [*command, guards.client_id, guards.client_secret],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()


def _size(url: str, client_id: str, client_secret: str) -> str:
    """Read a million revocations; give what they take."""
    before, started = memory(os.getpid()), time.monotonic()
    with closing(_feed(url, Credentials(client_id, client_secret))) as feed:
        if not feed.ready(PATIENCE):
            raise SystemExit(f"the feed was not read: {feed.status()}")
        took = time.monotonic() - started
        used, most = memory(os.getpid()) - before, peak_memory(os.getpid()) - before
        count = feed.status()["tokens"]
    return (
        f"{count:,} revocations in a guard: {used * 1e6 / MILLION:.0f} bytes each of resident "
        f"memory, at most {most * 1e6 / MILLION:.0f} while they were read ({EACH} at most), "
        f"in {took:.1f} s"
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
        f"the same in {size / 1e6:.1f} MB on the wire, {time.monotonic() - started:.1f} s for all "
        f"pages, {longest * 1000:.0f} ms for the slowest"
    )


def _token(api: httpx2.Client) -> tuple[str, str]:
    """Return a token and its `jti`."""
    form = {"grant_type": "client_credentials"}
    token: str = api.post("/oauth2/token/", data=form).json()["access_token"]
    said = api.post("/oauth2/introspect/", data={"token": token}).json()
    return token, said["jti"]


@contextmanager
def _guard(server: Server, guards: Credentials) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "bench.guard.revocation_feed", _GUARD, _url(server)]
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
    """Be the guard: for each `jti` print "good", then the time from which it is refused."""
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
    elif sys.argv[1:2] == [_SIZE]:
        print(_size(*sys.argv[2:]))
    else:
        main()
