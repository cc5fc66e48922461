"""Endpoints with the guard, without it, and as django-oauth-toolkit protects them.

`python -m bench.guard.frameworks` serves one FastAPI application and one Django site, each by one
worker; their endpoints take turns under the same load, with a hundred tokens in turn.
"""

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from joserfc.jwk import ECKey

from bench.guard import jwt_issuer
from bench.load import CONNECTIONS, Request, Target, answer, in_turns, steady
from bench.processes import ROOT, environment, free_port, running
from bench.report import ByConnections, Part, Row, print_part, ratio_row
from bench.server import gatepass_server

ROUNDS = 5
SECONDS = 3
READINGS = "FastAPI, 20 rows, open"
READINGS_GUARDED = "FastAPI, 20 rows, guarded, a JWT"
FASTAPI = "FastAPI, open"
FASTAPI_BEHIND = "FastAPI, behind the guard, a JWT"
FASTAPI_DEPENDING = "FastAPI, an empty dependency"
FASTAPI_GUARDED = "FastAPI, guarded, a JWT"
DJANGO = "Django, open"
DJANGO_GUARDED = "Django, guarded, a JWT"
DJANGO_ASKED = "Django, guarded, an opaque token"
TOOLKIT = "Django, django-oauth-toolkit"


def measure() -> Part:
    """Measure what a guard costs a server, and what its peer does."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        key = ECKey.generate_key("P-256")
        jwks_uri = stack.enter_context(jwt_issuer.published("ES256", key))
        jwts = jwt_issuer.tokens("ES256", key, gatepass_server.TOKENS)
        targets = [
            *_fastapi(stack, jwks_uri, jwts, Path(folder)),
            *_django(stack, jwks_uri, jwts, Path(folder)),
        ]
        turns = [steady(_checked(each), SECONDS) for each in targets]
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part("Endpoints behind a guard", series, tuple(_rows(series)))


def _fastapi(
    stack: ExitStack, jwks_uri: str, jwts: Sequence[str], folder: Path
) -> Iterator[Target]:
    variables = {"BENCH_JWKS_URI": jwks_uri, "BENCH_DATABASE": str(folder / "fastapi.sqlite3")}
    _make_database("fastapi_app", variables)
    app = _uvicorn(stack, "app", variables)
    behind = _uvicorn(stack, "behind", variables)
    for name, server, path in (
        (READINGS, app, "/open/readings"),
        (READINGS_GUARDED, app, "/guarded/readings"),
        (FASTAPI, app, "/open"),
        (FASTAPI_BEHIND, behind, "/open"),
        (FASTAPI_DEPENDING, app, "/depending"),
        (FASTAPI_GUARDED, app, "/guarded"),
    ):
        yield Target(name, *server, _asking(path, jwts))


def _uvicorn(stack: ExitStack, name: str, variables: dict[str, str]) -> gatepass_server.Server:
    port = free_port()
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", f"bench.sites.fastapi_app:{name}", *where]
    url = f"http://127.0.0.1:{port}/open"
    process_id = stack.enter_context(running(command, url, variables))
    return gatepass_server.Server(port, process_id)


def _django(stack: ExitStack, jwks_uri: str, jwts: Sequence[str], folder: Path) -> Iterator[Target]:
    gatepass, partner, guards = stack.enter_context(_gatepass(folder / "data"))
    variables = {
        "BENCH_JWKS_URI": jwks_uri,
        "BENCH_GATEPASS": f"http://localhost:{gatepass.port}",
        "BENCH_DATABASE": str(folder / "django.sqlite3"),
        "GATEPASS_CLIENT_ID": guards.client_id,
        "GATEPASS_CLIENT_SECRET": guards.client_secret,
    }
    toolkits = [secrets.token_hex(15) for _ in jwts]  # 30 characters, as it makes them
    _make_database("django_site", variables, toolkits)
    token_requests = gatepass_server.issuing("tokens", gatepass, partner)
    opaque = [gatepass_server.token(token_requests) for _ in jwts]

    port = free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", "1", "--bind", f"127.0.0.1:{port}"]
    command = [*gunicorn, "bench.sites.django_site:application"]
    url = f"http://127.0.0.1:{port}/open"
    process_id = stack.enter_context(running(command, url, variables))
    for name, path, tokens in (
        (DJANGO, "/open", jwts),
        (DJANGO_GUARDED, "/guarded", jwts),
        (DJANGO_ASKED, "/asked", opaque),
        (TOOLKIT, "/protected", toolkits),
    ):
        yield Target(name, port, process_id, _asking(path, tokens))


@contextmanager
def _gatepass(
    data: Path,
) -> Iterator[
    tuple[gatepass_server.Server, gatepass_server.Credentials, gatepass_server.Credentials]
]:
    """Serve Gatepass; give it with the credentials of a partner and of a guard."""
    partner, guards = gatepass_server.create(data), gatepass_server.guard_credentials(data)
    with gatepass_server.served(data) as server:
        yield server, partner, guards


def _make_database(site: str, variables: dict[str, str], tokens: Sequence[str] = ()) -> None:
    subprocess.run(
        [sys.executable, "-m", f"bench.sites.{site}"],
        cwd=ROOT,
        env=environment(variables),
        input="\n".join(tokens),
        text=True,
        check=True,
    )


def _asking(path: str, tokens: Sequence[str]) -> tuple[Request, ...]:
    return tuple(Request("GET", path, {"Authorization": f"Bearer {each}"}) for each in tokens)


def _checked(target: Target) -> Target:
    answer(target)  # raises unless it is 2xx
    return target


def _rows(series: ByConnections) -> Iterator[Row]:
    for mine, its, least in (
        (READINGS_GUARDED, READINGS, 0.90),
        (FASTAPI_BEHIND, FASTAPI, 0.90),
        (FASTAPI_GUARDED, FASTAPI, 0.80),
        (FASTAPI_DEPENDING, FASTAPI, None),
        (DJANGO_GUARDED, DJANGO, None),
        (DJANGO_GUARDED, TOOLKIT, 2),
        (DJANGO_ASKED, TOOLKIT, 2),
    ):
        yield ratio_row(f"{mine}, of {its}", series, mine, its, least)


if __name__ == "__main__":
    print_part(measure())
