"""Tokens that are bound to a key (DPoP, RFC 9449), against the bare check of a signature.

Each request has a secret by Basic and a proof that the server has not seen. The figure is the
ratio of processor times, as the load comes from the same machine.
"""

import asyncio
import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import secrets
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.processes import cpu_seconds
from bench.report import Part, Row, print_part
from bench.server import gatepass_server
from bench.server.client_keys import issuer_of, send_all, verification
from bench.server.gatepass_server import BODY, Credentials, Server
from gatepass.jose import dpop
from gatepass.jose.keys.private_key import PrivateKey

ROUNDS = 5
REQUESTS = 4_000  # in a round


def measure() -> Part:
    """Measure tokens with a DPoP proof by ES256 and a secret."""
    with tempfile.TemporaryDirectory() as folder:
        data, key = Path(folder, "data"), PrivateKey.generate("ES256")
        client = gatepass_server.create(data)
        with gatepass_server.served(data) as server:
            rounds = [_round(server, client, key) for _ in range(ROUNDS + 1)][1:]
    bare = verification(key)
    cpu, rate = median(each[0] for each in rounds), median(each[1] for each in rounds)
    ratio = bare / cpu
    figure = "token with DPoP ES256 and Basic: CPU time of a bare check, of a token's"
    measured = f"{ratio:.2f} ({bare:.0f} us / {cpu:.0f} us; {rate:.0f} tokens/s)"
    return Part("Tokens bound to a key", {}, (Row(figure, measured, ">= 0.50", ratio >= 0.5),))


def _round(server: Server, client: Credentials, key: PrivateKey) -> tuple[float, float]:
    """Return the server's microseconds of processor time for a token, and tokens per second."""
    requests = _requests(server, client, key)
    before, started = cpu_seconds(server.process_id), time.perf_counter()
    asyncio.run(send_all(server.port, requests))
    seconds, used = time.perf_counter() - started, cpu_seconds(server.process_id) - before
    return used / len(requests) * 1e6, len(requests) / seconds


def _requests(server: Server, client: Credentials, key: PrivateKey) -> list[bytes]:
    url = issuer_of(server) + gatepass_server.TOKEN
    basic, jwk, now = client.basic()["Authorization"], key.public_jwk(), int(time.time())
    head = (
        f"POST {gatepass_server.TOKEN} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        f"Authorization: {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(BODY)}\r\n"
    )
    made = []
    for _ in range(REQUESTS):
        jti = secrets.token_urlsafe(16)
        proof = dpop.make(jwk, key.sign, method="POST", url=url, jti=jti, iat=now)
        made.append(f"{head}DPoP: {proof}\r\n\r\n{BODY}".encode())
    return made


if __name__ == "__main__":
    print_part(measure())
