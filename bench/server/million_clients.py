"""A million clients in turn against a thousand: `python -m bench.server.million_clients`.

One server has room in memory for all of them, another one for a tenth. Before it is measured, the
first has served each client once. Also the tokens of 100,000 applications in turn, at introspection
and forward authentication, and how much memory each application takes. Takes six minutes.
"""

import json
import re
import tempfile
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.load import (
    CONNECTIONS,
    VALUE,
    Request,
    Series,
    Target,
    in_turns,
    steady,
    wrk,
)
from bench.processes import ask, memory
from bench.report import Part, Row, limit_row, print_part, ratio_row
from bench.server import gatepass_server, seed
from bench.server.gatepass_server import BODY, FORM, TOKEN, Credentials, Server
from gatepass.server.app import create
from gatepass.server.configuration.settings import load
from gatepass.server.environment import maintenance
from gatepass.server.http import NeedsThread, Response
from gatepass.server.http import Request as EndpointRequest
from gatepass.server.oauth.token import token

ROUNDS = 3
SECONDS = 2
CLIENTS = 1_000_000
FEW = 1_000
TOKENS = 100_000
ROOM_FOR_ALL = 1_000  # MB
ROOM_FOR_SOME = 54  # MB, for 100,000
MOST_BYTES = 600

CREDENTIALS = f"token, {FEW:,} clients in turn"
ALL = f"token, {CLIENTS:,} clients in turn, all in memory"
SOME = f"token, {CLIENTS:,} clients in turn, 100,000 in memory"
INTROSPECTION = "introspection, tokens of {count:,} applications in turn"
VERIFICATION = "forward authentication, tokens of {count:,} applications in turn"


def measure() -> Part:
    """Measure the endpoints with few and with many clients."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder, "data")
        gatepass_server.create(data)
        known = seed.register(data, CLIENTS, CLIENTS)
        guard = gatepass_server.guard_credentials(data)
        clients = written(Path(folder, "clients"), (_basic(each) for each in known))
        few = written(Path(folder, "few"), (_basic(each) for each in known[:FEW]))
        tokens = of_one_length(_tokens(data, known[:TOKENS]))
        many_bodies = written(Path(folder, "bodies"), tokens)
        few_bodies = written(Path(folder, "few-bodies"), tokens[:FEW])
        only = [each.partition("&")[0] for each in tokens]
        many_tokens = written(Path(folder, "tokens"), only)
        few_tokens = written(Path(folder, "few-tokens"), only[:FEW])

        def server(megabytes: int) -> Server:
            variables = {"GATEPASS_APPLICATION_CACHE": str(megabytes)}
            return stack.enter_context(gatepass_server.served(data, variables))

        whole, part = server(ROOM_FOR_ALL), server(ROOM_FOR_SOME)
        before = memory(whole.process_id)
        everybody = asking(ALL, whole, clients)
        _ask_each(everybody, whole)
        kept = (memory(whole.process_id) - before) * 1e6 / _entries(whole)
        targets = [
            asking(CREDENTIALS, whole, few),
            everybody,
            asking(SOME, part, clients),
            *(
                introspecting(INTROSPECTION.format(count=count), whole, values, guard)
                for count, values in ((FEW, few_bodies), (TOKENS, many_bodies))
            ),
            *(
                _verifying(VERIFICATION.format(count=count), whole, values)
                for count, values in ((FEW, few_tokens), (TOKENS, many_tokens))
            ),
        ]
        turns = [steady(each, SECONDS) for each in targets]
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part("A million clients", series, tuple(_rows(series, kept)))


def _rows(series: dict[int, dict[str, Series]], kept: float) -> Iterator[Row]:
    figures = [(ALL, CREDENTIALS, 0.60), (SOME, CREDENTIALS, 0.25)]
    figures += [
        (name.format(count=TOKENS), name.format(count=FEW), 0.50)
        for name in (INTROSPECTION, VERIFICATION)
    ]
    for many, few, least in figures:
        yield ratio_row(f"{many}, of {FEW:,}", series, many, few, least)
    figure = "memory for each application kept, of a million"
    yield limit_row(figure, kept, MOST_BYTES, "bytes")


def written(path: Path, lines: Iterable[str]) -> Path:
    """Write lines to a new file and return it."""
    with path.open("w") as file:
        file.writelines(f"{line}\n" for line in lines)
    return path


def _basic(credentials: Credentials) -> str:
    return b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()


def asking(name: str, server: Server, clients: Path) -> Target:
    """Return a load of token requests by credentials of Basic, a line each."""
    request = Request("POST", TOKEN, {"Authorization": f"Basic {VALUE}", **FORM}, BODY)
    return Target(name, *server, (request,), clients)


def introspecting(name: str, server: Server, bodies: Path, guard: Credentials) -> Target:
    """Return a load of introspection requests by what `of_one_length` has returned."""
    with bodies.open() as lines:
        length = len(next(lines).strip())
    body = f"token={VALUE.ljust(length, '-')}"
    request = Request("POST", "/oauth2/introspect/", {**guard.basic(), **FORM}, body)
    return Target(name, *server, (request,), bodies)


def _verifying(name: str, server: Server, tokens: Path) -> Target:
    request = Request("GET", "/oauth2/verify/", {"Authorization": f"Bearer {VALUE}"})
    return Target(name, *server, (request,), tokens)


def _tokens(data: Path, clients: Sequence[Credentials]) -> Iterator[str]:
    """Yield a token of each client, issued in this process."""
    app = create(load(None, data=data))
    environment = app.environments[0]
    environment.open()
    try:
        for each in clients:
            headers = {name.lower().encode(): value.encode() for name, value in FORM.items()}
            headers[b"authorization"] = f"Basic {_basic(each)}".encode()
            request = EndpointRequest(headers, b"", BODY.encode(), "127.0.0.1")
            response = token(environment, request)
            while isinstance(response, NeedsThread):
                response.work()
                response = token(environment, request)
            assert isinstance(response, Response)
            yield str(json.loads(response.body)["access_token"])
    finally:
        maintenance.close(environment)


def of_one_length(tokens: Iterable[str]) -> list[str]:
    """Return parameters with the tokens, filled up: all bodies have the same Content-Length."""
    texts = [f"{each}&token_type_hint=" for each in tokens]
    longest = max(map(len, texts))
    return [each.ljust(longest, "-") for each in texts]


def _ask_each(target: Target, server: Server) -> None:
    """Let each client ask once."""
    asked = 0
    while _entries(server) < CLIENTS:
        figures = wrk(target, CONNECTIONS[0], SECONDS, start=asked)
        asked = min(asked + int(figures.per_second * SECONDS), CLIENTS)


def _entries(server: Server) -> int:
    with ask(f"http://127.0.0.1:{server.port}/metrics") as response:
        text = response.read().decode()
    found = re.search(r'cache_entries\{environment="production"\} (\S+)', text)
    return int(float(found[1])) if found else 0


if __name__ == "__main__":
    print_part(measure())
