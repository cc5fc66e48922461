"""Whether the process is alive, and whether it should get requests."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gatepass.server.environment.environment import Environment
from gatepass.server.http import NO_STORE, Response

PATHS = frozenset({"/healthz", "/healthz/", "/readyz", "/readyz/"})
_METHODS = frozenset({"GET", "HEAD"})
_LATE = 5.0  # seconds without word from the database, after which it is said to be away
_CLOCK_DIFFERS = 5.0  # seconds
_LITTLE_SPACE = 64 * 1024 * 1024  # bytes
_FROM_MEMORY = "tokens are issued and verified from memory"


class Problem(NamedTuple):
    """What is wrong with an environment: a name that stays the same, and words for people.

    Only a problem that `stops` makes the server not ready: then no token can be served rightly.
    Whatever could befall all servers at once, and leaves tokens right, must not.
    """

    name: str
    words: str
    stops: bool = False


def answer(path: str, environments: Sequence[Environment], method: str = "GET") -> Response:
    """Answer `/healthz` (200 while the process runs) or `/readyz` (503 when it cannot serve).

    Any method but GET and HEAD is refused (405).
    """
    if method not in _METHODS:
        return Response(405, (*NO_STORE, (b"allow", b"GET, HEAD")), b'{"status": "use GET"}')
    if path.startswith("/healthz"):
        return Response(200, NO_STORE, b'{"status": "ok"}')
    found = {environment.name: list(problems(environment)) for environment in environments}
    is_ready = not any(each.stops for some in found.values() for each in some)
    states = {name: "; ".join(map(": ".join, _texts(some))) or "ok" for name, some in found.items()}
    body = {"status": "ready" if is_ready else "not ready", **states}
    return Response(200 if is_ready else 503, NO_STORE, json.dumps(body).encode())


def unopened(path: str, environments: Sequence[Environment], method: str = "GET") -> Response:
    """Answer for a process that waits for a database and has never opened it: 503.

    `/healthz` is 200, as the process runs.
    """
    if path.rstrip("/") == "/healthz" and method in _METHODS:
        return Response(200, NO_STORE, b'{"status": "ok"}')
    away = {environment.name: "the database is away" for environment in environments}
    body = {"error": "temporarily_unavailable", "status": "not ready", **away}
    return Response(503, (*NO_STORE, (b"retry-after", b"5")), json.dumps(body).encode())


def problems(environment: Environment) -> Iterator[Problem]:
    """Give all that is wrong with an environment now; a new kind of problem is added here."""
    why, is_stale = environment.read_failure, environment.is_stale()
    if is_stale or environment.lag() > _LATE:
        words = f"it cannot be read ({why})" if why else "it cannot be read"
        more = "" if is_stale else f"; {_FROM_MEMORY}"
        yield Problem("database_away", words + more, stops=is_stale)
    elif environment.write_failure:
        words = f"changes are refused ({environment.write_failure}); tokens are issued"
        yield Problem("database_unwritable", words)
    space = environment.free_space
    if space is not None and space < _LITTLE_SPACE:
        yield Problem("disk_full", f"{space >> 20} MiB are free; tokens are issued")
    offset = environment.clock.offset
    if abs(offset) > _CLOCK_DIFFERS:
        where = "behind" if offset > 0 else "ahead of"
        words = f"this machine's clock is {abs(offset):.0f} s {where} the database's time"
        yield Problem("clock_offset", words)


def _texts(some: list[Problem]) -> Iterator[tuple[str, str]]:
    return ((each.name, each.words) for each in some)
