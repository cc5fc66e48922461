"""Tokens for clients that sign (`private_key_jwt`), against the bare check of a signature.

Each request has an assertion that the server has not seen, so each is verified and recorded. The
figure is the ratio of processor times, as the load comes from the same machine.
"""

import asyncio
import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import json
import secrets
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from urllib.parse import urlencode
from urllib.request import urlopen

from bench.processes import NotMeasuredError, cpu_seconds
from bench.report import Part, Row, print_part
from bench.server import gatepass_server
from bench.server.gatepass_server import BODY, Server
from gatepass.jose import compact
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.jose.keys.public_key import ClientKey
from gatepass.server.domain.applications import lookup
from gatepass.server.domain.applications.keys import store
from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.environment.environment import file
from gatepass.server.storage.database import Database, sqlite_url
from gatepass.server.tokens.assertion import TYPE
from gatepass.wire.credential import Mode
from gatepass.wire.metadata import AUTHORIZATION_SERVER

ROUNDS = 5
REQUESTS = 4_000  # in a round
CONNECTIONS = 128


def measure() -> Part:
    """Measure tokens by ES256 assertions, first seen."""
    with tempfile.TemporaryDirectory() as folder:
        data, key = Path(folder, "data"), PrivateKey.generate("ES256")
        client_id = gatepass_server.create(data).client_id
        _add_key(data, client_id, key)
        with gatepass_server.served(data) as server:
            rounds = [_round(server, client_id, key) for _ in range(ROUNDS + 1)][1:]
    bare = verification(key)
    cpu, rate = median(each[0] for each in rounds), median(each[1] for each in rounds)
    ratio = bare / cpu
    figure = "token by private_key_jwt ES256, first seen: CPU time of a bare check, of a token's"
    measured = f"{ratio:.2f} ({bare:.0f} us / {cpu:.0f} us; {rate:.0f} tokens/s)"
    return Part("Clients that sign", {}, (Row(figure, measured, ">= 0.50", ratio >= 0.5),))


def _add_key(data: Path, client_id: str, key: PrivateKey) -> None:
    database = Database(sqlite_url(file(data, Mode.LIVE)))
    with database.write() as connection:
        application = lookup.find_by_client_id(connection, client_id)
        if application is None:
            raise NotMeasuredError("the application is not there")
        public = ClientKey.from_jwk(key.public_jwk())
        new = ApplicationKey(application.id, "bench", public, application.created_at, "bench")
        store.add(connection, application.id, [new])
    database.close()


def _round(server: Server, client_id: str, key: PrivateKey) -> tuple[float, float]:
    """Return the server's microseconds of processor time for a token, and tokens per second."""
    requests = _requests(server, client_id, key)
    before, started = cpu_seconds(server.process_id), time.perf_counter()
    asyncio.run(send_all(server.port, requests))
    seconds, used = time.perf_counter() - started, cpu_seconds(server.process_id) - before
    return used / len(requests) * 1e6, len(requests) / seconds


def issuer_of(server: Server) -> str:
    """Return the issuer of a server."""
    with urlopen(f"http://localhost:{server.port}{AUTHORIZATION_SERVER}") as answer:
        return str(json.load(answer)["issuer"])


def _requests(server: Server, client_id: str, key: PrivateKey) -> list[bytes]:
    issuer = issuer_of(server)
    end = int(time.time()) + 300
    header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
    made = []
    for _ in range(REQUESTS):
        claims = {"iss": client_id, "sub": client_id, "aud": issuer, "exp": end}
        text = compact.sign(header, claims | {"jti": secrets.token_urlsafe(16)}, key.sign)
        form = f"{BODY}&{urlencode({'client_assertion_type': TYPE, 'client_assertion': text})}"
        head = (
            f"POST {gatepass_server.TOKEN} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(form)}\r\n\r\n"
        )
        made.append(f"{head}{form}".encode())
    return made


async def send_all(port: int, requests: Sequence[bytes]) -> None:
    """Send requests over many connections; raise NotMeasuredError for one that is refused."""
    parts = (requests[number::CONNECTIONS] for number in range(CONNECTIONS))
    await asyncio.gather(*(_send(port, part) for part in parts))


async def _send(port: int, requests: Sequence[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for each in requests:
        writer.write(each)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        body = await reader.readexactly(int(lines[b"content-length"]))
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise NotMeasuredError(f"a token was refused: {json.loads(body)}")
    writer.close()


def verification(key: PrivateKey) -> float:
    """Return the microseconds of CPU time of checking a signature in a loop."""
    message = bytes(400)
    public, signed = ClientKey.from_jwk(key.public_jwk()), key.sign(message)
    rounds = []
    for _ in range(21):
        started = time.process_time()
        for _ in range(100):
            public.verify("ES256", message, signed)
        rounds.append((time.process_time() - started) / 100 * 1e6)
    return median(rounds)


if __name__ == "__main__":
    print_part(measure())
