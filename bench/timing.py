"""Whether the time of a refusal tells who exists: `python -m bench.timing` writes the page.

Requests for two users or clients that exist and two that do not take turns, in a random order each
round, over real HTTP on a connection that is kept open: as many of one kind as of the other, or
the processor's caches would favour one. How well time tells two of them apart is the area under
the ROC curve: 0.5 is not at all, 1 is always. The control is the area of nobody against the other
nobody, from the same rounds.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import platform
import random
import re
import secrets
import socket
import sqlite3
import tempfile
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from bench.processes import ROOT
from bench.server import gatepass_server, seed
from bench.server.gatepass_server import FORM, Credentials
from gatepass.server.domain.applications.model import new_client_id
from gatepass.wire.credential import Mode

PAGE = ROOT / "docs" / "reference" / "timing.md"
MOST_APART = 0.02  # between an area and its control
ROUNDS = 8_000
ROUNDS_HASHED = 3_000  # a password is hashed in each
KNOWN, TWIN, NOBODY, OTHER = "known", "other known", "nobody", "other nobody"
KINDS = (KNOWN, TWIN, NOBODY, OTHER)
_WARM = 30  # rounds that are not counted
_CLEAR_EVERY = 30  # rounds, after which failures at the login are forgotten
_LOGIN = "/accounts/login/"
_RECOVER = "/accounts/recover/"
_MAIL = '[mail]\nhost = "127.0.0.1"\nport = 9\nsender = "bench@example.com"\n'  # nobody listens
_PROXIED = {"GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]'}
_CHEAP = "[password]\ntime_cost = 1\nmemory_kib = 8192\n"
_HEAD = """\
# Time of refusals

<!-- Written by `python -m bench.timing` (bench/timing.py). -->

The time of a refusal must not tell whether a person or a client exists. Each row compares refusals
for somebody who exists with refusals for nobody, over HTTP on loopback. There are {rounds:,} rounds
({hashed:,} where a password is hashed, at the lowest cost allowed so that the rest of the work
weighs most); in each, two who exist and two who do not are refused, in an order drawn anew. The
figure is the area under the ROC curve: 0.5 means that time tells nothing, 1 that it always tells.
The control compares the two who do not exist, in the same rounds. The difference has to stay within
{most}.

"By ASGI" is the server with `fast_path = false`. "First refusal" is of a client id that no request
has named before: neither the client nor its absence is in memory. "First refusal, client in use" is
of one that has just got a token. Measured on a machine with {machine}.

| refusal | known against nobody | control | difference | within {most} |
|---|---|---|---|---|
"""


class Row(NamedTuple):
    """The areas of one kind of refusal."""

    figure: str
    area: float
    control: float

    def cells(self) -> tuple[str, ...]:
        """Return the row's texts."""
        apart = self.area - self.control
        verdict = "yes" if abs(apart) <= MOST_APART else "NO"
        return self.figure, f"{self.area:.3f}", f"{self.control:.3f}", f"{apart:+.3f}", verdict


Send = Callable[[], bytes]
Turns = Callable[[int], dict[str, Send]]
"""Return what is sent in a round, by kind."""


class Line:
    """A connection that is kept open, with answers of a known length."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def ask(self, method: str, path: str, headers: dict[str, str], body: str = "") -> bytes:
        """Send a request and give the whole answer."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(body)}", "", body]
        self._socket.sendall("\r\n".join(lines).encode())
        answer = b""
        while True:
            answer += self._socket.recv(1 << 16)
            head, blank, rest = answer.partition(b"\r\n\r\n")
            if blank and len(rest) >= _length(head):
                return answer


def _length(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert found
    return int(found[1])


def area(longer: Sequence[float], shorter: Sequence[float]) -> float:
    """Return the chance that one of `longer` takes longer than one of `shorter`; ties are half."""
    ordered = sorted(shorter)
    wins = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in longer)
    return wins / 2 / len(longer) / len(shorter)


def compare(figure: str, turns: Turns, status: int, rounds: int = ROUNDS) -> Row:
    """Take samples; rounds in which an answer has another status are left out."""
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    expected = b"HTTP/1.1 %d " % status
    for number in range(rounds + _WARM):
        sends = turns(number)
        order = random.sample(sorted(sends), len(sends))
        times, is_whole = {}, True
        for kind in order:
            started = time.perf_counter()
            answer = sends[kind]()
            times[kind] = time.perf_counter() - started
            is_whole = is_whole and answer.startswith(expected)
        if is_whole and number >= _WARM:
            for kind, seconds in times.items():
                taken[kind].append(seconds)
    assert len(taken[KNOWN]) > rounds / 2, f"{figure}: other answers than expected"
    return Row(figure, area(taken[KNOWN], taken[NOBODY]), area(taken[OTHER], taken[NOBODY]))


def measure() -> Iterator[Row]:
    """Measure everything that refuses."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _logins(Path(folder, "logins"))
        yield from _recovery(Path(folder, "recovery"))
        for name, fast_path in (("", "true"), (", by ASGI", "false")):
            yield from _clients(
                Path(folder, f"clients {fast_path}"), name, {"GATEPASS_FAST_PATH": fast_path}
            )


def _recovery(data: Path) -> Iterator[Row]:
    """Compare requests for recovery, which are answered 200 in any case."""
    data.mkdir()
    Path(data, "gatepass.toml").write_text(_CHEAP + _MAIL)
    gatepass_server.create(data)  # its administrator is `bench`
    gatepass_server.guard_credentials(data)
    names = dict(zip(KINDS, ("bench", "guards", "wench", "wizard"), strict=True))
    with ExitStack() as stack:
        server = stack.enter_context(gatepass_server.served(data, _PROXIED))
        line = stack.enter_context(closing(Line(server.port)))
        kept = sqlite3.connect(data / "production.sqlite3", isolation_level=None, timeout=30)
        stack.enter_context(closing(kept))
        for name in (names[KNOWN], names[TWIN]):
            address = name, f"{name}@example.com", f"{name}@example.com"
            kept.execute(
                "UPDATE person SET email = ?2, email_key = ?3 WHERE username = ?1", address
            )
        kept.execute(
            "INSERT INTO confirmed_email SELECT id, email, created_at FROM person WHERE email > ''"
        )
        post = _form(line, server.port, _RECOVER)

        def asked(number: int) -> dict[str, Send]:
            kept.execute("DELETE FROM throttle")
            source = f"198.18.{number // 250 % 250}.{number % 250 + 1}"
            forms = {kind: {"email": f"{name}@example.com"} for kind, name in names.items()}
            return {kind: lambda kind=kind: post(forms[kind], source) for kind in names}  # type: ignore[misc]

        yield compare("forgotten password, link requested (200)", asked, 200)


def _logins(data: Path) -> Iterator[Row]:
    data.mkdir()
    Path(data, "gatepass.toml").write_text(_CHEAP)
    gatepass_server.create(data)  # its administrator is `bench`
    gatepass_server.guard_credentials(data)  # and that of another organization `guards`
    names = dict(zip(KINDS, ("bench", "guards", "wench", "wizard"), strict=True))
    with ExitStack() as stack:
        server = stack.enter_context(gatepass_server.served(data, _PROXIED))
        line = stack.enter_context(closing(Line(server.port)))
        kept = sqlite3.connect(data / "production.sqlite3", isolation_level=None, timeout=30)
        stack.enter_context(closing(kept))
        send = _form(line, server.port, _LOGIN)

        def post(username: str, source: str) -> bytes:
            return send({"username": username, "password": "not the right one"}, source)

        def throttled(_: int) -> dict[str, Send]:
            at = {kind: f"203.0.113.{place}" for place, kind in enumerate(names, 101)}
            return {kind: lambda kind=kind: post(names[kind], at[kind]) for kind in names}  # type: ignore[misc]

        def wrong(number: int) -> dict[str, Send]:
            if number % _CLEAR_EVERY == 0:
                kept.execute("DELETE FROM throttle")
            source = f"198.18.{number // 250 % 250}.{number % 250 + 1}"
            return {kind: lambda kind=kind: post(names[kind], source) for kind in names}  # type: ignore[misc]

        yield compare("login, wrong password", wrong, 400, ROUNDS_HASHED)
        yield compare("login, must wait (429)", throttled, 429)


def _form(line: Line, port: int, path: str) -> Callable[[dict[str, str], str], bytes]:
    page = line.ask("GET", _LOGIN, {}).decode()
    cookie = re.search(r"set-cookie: ([^;]+)", page, re.IGNORECASE)
    csrf = re.search(r'name="csrf" value="([^"]*)"', page)
    assert cookie
    assert csrf
    headers = {"Cookie": cookie[1], "Origin": f"http://localhost:{port}", **FORM}

    def post(fields: dict[str, str], source: str) -> bytes:
        form = {"csrf": csrf[1], **fields}
        return line.ask("POST", path, {**headers, "X-Forwarded-For": source}, urlencode(form))

    return post


def _clients(data: Path, door: str, variables: dict[str, str]) -> Iterator[Row]:
    known = gatepass_server.create(data)
    count = 4 * (ROUNDS + _WARM) + 4
    unused = seed.register(data, count, count)
    with _served(data, variables) as line:
        asks: dict[str, Callable[[Credentials, int], bytes]] = {
            "token": lambda who, number: _post(
                line, "/oauth2/token/", who, number, gatepass_server.BODY
            ),
            "introspection": lambda who, number: _post(
                line, "/oauth2/introspect/", who, number, "token=x"
            ),
            "revocation": lambda who, number: _post(
                line, "/oauth2/revoke_token/", who, number, "token=x"
            ),
            "revocation feed": lambda who, number: line.ask(
                "GET", "/oauth2/revocations/", _headers(who, number)
            ),
        }
        _post(line, "/oauth2/token/", known, 0, gatepass_server.BODY)
        who = _who(known, unused.pop())
        for name, ask in asks.items():
            yield compare(f"{name}, wrong secret{door}", _warm(ask, who), 401)
        ask = asks["token"]
        first, in_use = unused[: len(unused) // 2], unused[len(unused) // 2 :]
        yield compare(f"token, first refusal{door}", _cold(ask, first), 401)
        yield compare(f"token, first refusal, client in use{door}", _used(line, ask, in_use), 401)


def _warm(ask: Callable[[Credentials, int], bytes], who: dict[str, str]) -> Turns:
    def turns(number: int) -> dict[str, Send]:
        wrong = {kind: Credentials(each, _secret()) for kind, each in who.items()}
        return {kind: lambda kind=kind: ask(wrong[kind], number) for kind in who}  # type: ignore[misc]

    return turns


def _cold(ask: Callable[[Credentials, int], bytes], unused: Sequence[Credentials]) -> Turns:
    def turns(number: int) -> dict[str, Send]:
        return _warm(ask, _who(*unused[2 * number : 2 * number + 2]))(number)

    return turns


def _used(
    line: Line, ask: Callable[[Credentials, int], bytes], unused: Sequence[Credentials]
) -> Turns:
    def turns(number: int) -> dict[str, Send]:
        for each in unused[2 * number : 2 * number + 2]:
            assert b'"access_token"' in _post(line, "/oauth2/token/", each, 0, gatepass_server.BODY)
        return _cold(ask, unused)(number)

    return turns


@contextmanager
def _served(data: Path, variables: dict[str, str]) -> Iterator[Line]:
    with (
        gatepass_server.served(data, _PROXIED | variables) as server,
        closing(Line(server.port)) as line,
    ):
        yield line


def _post(line: Line, path: str, who: Credentials, number: int, body: str) -> bytes:
    return line.ask("POST", path, {**_headers(who, number), **FORM}, body)


def _headers(who: Credentials, number: int) -> dict[str, str]:
    """Return credentials, and a source of their own so that nobody fails too often."""
    return {**who.basic(), "X-Forwarded-For": f"198.18.{number // 250 % 250}.{number % 250 + 1}"}


def _who(known: Credentials, twin: Credentials) -> dict[str, str]:
    ids = (known.client_id, twin.client_id, _unknown(), _unknown())
    return dict(zip(KINDS, ids, strict=True))


def _unknown() -> str:
    return new_client_id(Mode.LIVE, secrets.token_bytes(16))


def _secret() -> str:
    return "gps_live_" + secrets.token_hex(20)


def page(rows: Sequence[Row]) -> str:
    """Return the page with these figures."""
    head = _HEAD.format(
        rounds=ROUNDS, hashed=ROUNDS_HASHED, most=MOST_APART, machine=platform.machine()
    )
    return head + "".join(f"| {' | '.join(row.cells())} |\n" for row in rows)


def main() -> None:
    rows = []
    for row in measure():
        print(" | ".join(row.cells()), flush=True)
        rows.append(row)
    PAGE.write_text(page(rows))


if __name__ == "__main__":
    main()
