"""Gatepass as it is measured: a data directory, credentials, a server, its requests."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from bench.load import Request, Target, answer
from bench.processes import ROOT, NotMeasuredError, environment, free_port, running

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = "grant_type=client_credentials"
TOKEN = "/oauth2/token/"
TOKENS = 100  # that introspection and forward authentication get in turn


class Server(NamedTuple):
    """A running server."""

    port: int
    process_id: int


@dataclass(frozen=True)
class Credentials:
    """A client id and its secret."""

    client_id: str
    client_secret: str = field(repr=False)

    def basic(self) -> dict[str, str]:
        """Return the header that authenticates with them."""
        pair = f"{self.client_id}:{self.client_secret}"
        return {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


def create(data: Path, python: str = sys.executable) -> Credentials:
    """Make a data directory with one application; `python` is the one that has gatepass."""
    new = ("organization", "create", "Bench", "--admin", "bench")
    organization = _gatepass(data, *new, python=python)
    of_it = ("--organization", organization["org_id"], "--name", "bench")
    made = _gatepass(data, "application", "create", *of_it, python=python)
    return Credentials(made["client_id"], made["client_secret"])


def create_with_administrator(data: Path) -> str:
    """Make a data directory with one application; return its administrator's initial password."""
    organization = _gatepass(data, "organization", "create", "Bench", "--admin", "bench")
    of_it = ("--organization", organization["org_id"], "--name", "bench")
    _gatepass(data, "application", "create", *of_it)
    return str(organization["initial_password"])


def add_owner(data: Path, username: str) -> str:
    """Add an operator who logs in with a password alone; return the initial one."""
    owner = _gatepass(data, "operator", "add", username, "--role", "owner")
    off = ("operator", "require-second-factor", "off", "--data", str(data))
    subprocess.run(
        [sys.executable, "-m", "gatepass", *off], cwd=ROOT, env=environment(), check=True
    )
    return str(owner["initial_password"])


def organization_id(data: Path, python: str = sys.executable) -> str:
    """Return the id of the only organization in a data directory."""
    [only] = _gatepass(data, "organization", "list", python=python)
    return str(only["org_id"])


def guard_credentials(data: Path) -> Credentials:
    """Make an application in a data directory that may introspect and follow the feed."""
    organization = _gatepass(data, "organization", "create", "Guards", "--admin", "guards")
    of_it = ("--organization", organization["org_id"], "--name", "guard")
    made = _gatepass(data, "application", "create", *of_it, "--scope", "introspection")
    return Credentials(made["client_id"], made["client_secret"])


def add_certificate(data: Path, client_id: str, file: Path) -> None:
    """Let a certificate in PEM, and its key, authenticate an application."""
    named = (client_id, str(file), "--name", "bench")
    _gatepass(data, "application", "certificate", "add", *named)


def _gatepass(data: Path, *arguments: str, python: str = sys.executable) -> Any:  # noqa: ANN401 - JSON
    command = [python, "-m", "gatepass", *arguments, "--data", str(data), "--json"]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


def serve(data: Path, port: int, workers: int = 1) -> list[str]:
    """Return the command that serves a data directory."""
    where = ["--data", str(data), "--port", str(port), "--workers", str(workers)]
    return [sys.executable, "-m", "gatepass", "serve", *where]


def pinned(processors: Sequence[int]) -> list[str]:
    """Return what goes before a command that keeps to these processors."""
    return ["taskset", "--cpu-list", ",".join(map(str, processors))] if processors else []


@contextmanager
def served(
    data: Path,
    variables: Mapping[str, str] | None = None,
    workers: int = 1,
    pin: Sequence[int] = (),
) -> Iterator[Server]:
    """Serve a data directory until the block ends."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/readyz"
    command = [*pinned(pin), *serve(data, port, workers)]
    with running(command, url, variables) as process_id:
        yield Server(port, process_id)


def token_request(credentials: Credentials, path: str = TOKEN) -> Request:
    """Return the request for a token, by default from Gatepass."""
    return Request("POST", path, {**credentials.basic(), **FORM}, BODY)


def issuing(name: str, server: Server, *credentials: Credentials) -> Target:
    """Return a load of token requests of these clients in turn."""
    return Target(name, *server, tuple(token_request(each) for each in credentials))


def introspecting(name: str, server: Server, credentials: Credentials) -> Target:
    """Return a load of introspection requests for valid tokens in turn."""
    headers = {**credentials.basic(), **FORM}
    tokens = _tokens(server, credentials)
    bodies = (f"token={token}" for token in tokens)
    requests = tuple(Request("POST", "/oauth2/introspect/", headers, body) for body in bodies)
    return _checked(Target(name, *server, requests), b'"active"')


def verifying(name: str, server: Server, credentials: Credentials) -> Target:
    """Return a load of forward authentication of valid tokens in turn."""
    bearers = [{"Authorization": f"Bearer {token}"} for token in _tokens(server, credentials)]
    requests = tuple(Request("GET", "/oauth2/verify/", bearer) for bearer in bearers)
    return _checked(Target(name, *server, requests))


def calling_partner_api(name: str, server: Server, credentials: Credentials, org_id: str) -> Target:
    """Return a load of requests to the Partner API, with valid tokens in turn."""
    bearers = [{"Authorization": f"Bearer {token}"} for token in _tokens(server, credentials)]
    path = f"/api/partners/v2.0/org/{org_id}"
    requests = tuple(Request("GET", path, bearer) for bearer in bearers)
    return _checked(Target(name, *server, requests), org_id.encode())


def issuing_jwts(name: str, server: Server, credentials: Credentials) -> Target:
    """Return the token endpoint of a server whose tokens are JWTs."""
    target = issuing(name, server, credentials)
    if token(target).count(".") != 2:
        raise NotMeasuredError(f"{name}: the tokens are no JWTs")
    return target


def _checked(target: Target, needed: bytes = b"") -> Target:
    said = answer(target)
    if needed not in said:
        raise NotMeasuredError(f"{target.name}: {needed.decode()} is missing in the answer")
    return target


def _tokens(server: Server, credentials: Credentials) -> list[str]:
    target = issuing("tokens", server, credentials)
    return [token(target) for _ in range(TOKENS)]


def token(target: Target) -> str:
    """Return a fresh access token from a token endpoint."""
    text: str = json.loads(answer(target))["access_token"]
    return text
