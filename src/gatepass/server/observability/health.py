"""Whether the process is alive, and whether it should get requests."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatepass.server.environment.environment import Environment
from gatepass.server.http import NO_STORE, Response

PATHS = frozenset({"/healthz", "/healthz/", "/readyz", "/readyz/"})
_METHODS = frozenset({"GET", "HEAD"})
LATE = 5.0  # seconds without a response, after which the database counts as away
_CLOCK_DIFFERS = 5.0  # seconds
_LITTLE_SPACE = 64 * 1024 * 1024  # bytes
PROBLEMS = ("database_away", "database_unwritable", "disk_full", "clock_offset")
_FROM_MEMORY = "tokens are issued and verified from memory"


class Problem(NamedTuple):
    """A problem of an environment: a stable name, and a text for operators.

    Only with a problem that `stops` it the server is not ready: tokens cannot be served correctly
    then. A problem that may affect all servers at once and leaves tokens correct must not.
    """

    name: str
    text: str
    stops: bool = False


def respond(
    path: str,
    environments: Sequence[Environment],
    method: str = "GET",
    *,
    is_draining: bool = False,
) -> Response:
    """Return the response at `/healthz` (200) or `/readyz` (503 if the server cannot serve).

    A server that is draining serves, and its `/readyz` is 503, so that no more requests come.
    Methods other than GET and HEAD are refused (405).
    """
    if method not in _METHODS:
        return Response(405, (*NO_STORE, (b"allow", b"GET, HEAD")), b'{"status": "use GET"}')
    if path.startswith("/healthz"):
        return Response(200, NO_STORE, b'{"status": "ok"}')
    found = {environment.name: list(problems(environment)) for environment in environments}
    is_ready = not any(each.stops for some in found.values() for each in some)
    states = {
        name: "; ".join(f"{each.name}: {each.text}" for each in some) or "ok"
        for name, some in found.items()
    }
    status = "draining" if is_draining else "ready" if is_ready else "not ready"
    body = {"status": status, **states}
    return Response(200 if status == "ready" else 503, NO_STORE, json.dumps(body).encode())


def unopened(path: str, environments: Sequence[Environment], method: str = "GET") -> Response:
    """Return the response of a process that waits for a database it never opened: 503.

    `/healthz` is 200, as the process runs.
    """
    if path.rstrip("/") == "/healthz" and method in _METHODS:
        return Response(200, NO_STORE, b'{"status": "ok"}')
    away = {environment.name: "the database is away" for environment in environments}
    body = {"error": "temporarily_unavailable", "status": "not ready", **away}
    return Response(503, (*NO_STORE, (b"retry-after", b"5")), json.dumps(body).encode())


def problems(environment: Environment) -> Iterator[Problem]:
    """Yield the problems that an environment has now."""
    why, is_stale = environment.read_failure, environment.is_stale()
    if is_stale or environment.lag() > LATE:
        text = f"it cannot be read ({why})" if why else "it cannot be read"
        more = "" if is_stale else f"; {_FROM_MEMORY}"
        yield Problem("database_away", text + more, stops=is_stale)
    elif environment.write_failure:
        text = f"changes are refused ({environment.write_failure}); tokens are issued"
        yield Problem("database_unwritable", text)
    space = environment.free_space
    if space is not None and space < _LITTLE_SPACE:
        yield Problem("disk_full", f"{space >> 20} MiB are free; tokens are issued")
    offset = environment.clock.offset
    if abs(offset) > _CLOCK_DIFFERS:
        where = "behind" if offset > 0 else "ahead of"
        text = f"this machine's clock is {abs(offset):.0f} s {where} the database's time"
        yield Problem("clock_offset", text)
