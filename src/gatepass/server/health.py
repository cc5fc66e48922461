"""Whether the process is alive, and whether it should get requests."""

import json

from gatepass.server.arrival import NO_STORE, Answer
from gatepass.server.environment import Environment

PATHS = frozenset({"/healthz", "/healthz/", "/readyz", "/readyz/"})
_METHODS = frozenset({"GET", "HEAD"})
_LATE = 5.0  # seconds without word from the database, after which it is said to be away


def answer(path: str, environments: list[Environment], method: str = "GET") -> Answer:
    """Answer `/healthz` (200 while the process runs) or `/readyz` (503 when it cannot serve).

    Any method but GET and HEAD is refused (405).
    """
    if method not in _METHODS:
        return Answer(405, (*NO_STORE, (b"allow", b"GET, HEAD")), b'{"status": "use GET"}')
    if path.startswith("/healthz"):
        return Answer(200, NO_STORE, b'{"status": "ok"}')
    states = {environment.name: _state(environment) for environment in environments}
    is_ready = all(not environment.is_stale() for environment in environments)
    body = {"status": "ready" if is_ready else "not ready", **states}
    return Answer(200 if is_ready else 503, NO_STORE, json.dumps(body).encode())


def unopened(path: str, environments: list[Environment], method: str = "GET") -> Answer:
    """Answer for a process that waits for a database and has never opened it: 503.

    `/healthz` is 200, as the process runs.
    """
    if path.rstrip("/") == "/healthz" and method in _METHODS:
        return Answer(200, NO_STORE, b'{"status": "ok"}')
    away = {environment.name: "the database is away" for environment in environments}
    body = {"error": "temporarily_unavailable", "status": "not ready", **away}
    return Answer(503, (*NO_STORE, (b"retry-after", b"5")), json.dumps(body).encode())


def _state(environment: Environment) -> str:
    if environment.is_stale():
        return "the database is away"
    if environment.lag() > _LATE:
        return "the database is away; tokens are issued and verified from memory"
    return "ok"
