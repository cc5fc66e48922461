"""Tokens for clients that authenticate by a certificate (RFC 8705), against those by a secret.

By the server's own TLS on connections that are open already, and by the header of a proxy, which
has the certificate in each request. All have one worker and take turns under the same load. The
figure is the ratio of processor times, as the load comes from the same machine.
"""

import asyncio
import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

from bench.load import Request
from bench.processes import NotMeasuredError, cpu_seconds, free_port
from bench.report import Part, Row, print_part
from bench.server import gatepass_server
from bench.server.gatepass_server import BODY, FORM, TOKEN, Credentials, token_request
from bench.server.tls import files, served

ROUNDS = 9
REQUESTS = 200  # of a connection in a round
CONNECTIONS = 32
_HEADER, _VERIFIED = "X-Client-Cert", "X-Client-Verify"
_BEHIND_PROXY = {
    "GATEPASS_TRUSTED_PROXIES": '["127.0.0.1"]',
    "GATEPASS_PROXY_CERTIFICATES__HEADER": _HEADER,
    "GATEPASS_PROXY_CERTIFICATES__VERIFIED_HEADER": _VERIFIED,
}


class Load(NamedTuple):
    """A request that is sent again and again, and how its connections are made."""

    port: int
    process_id: int
    request: Request
    context: ssl.SSLContext | None


def measure() -> Part:
    """Measure tokens by a certificate and by a secret, in two ways."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        loads = list(_loads(stack, Path(folder)))
        rounds = [[asyncio.run(_microseconds(load)) for load in loads] for _ in range(ROUNDS + 1)]
    own, own_secret, header, header_secret = zip(*rounds[1:], strict=True)
    return Part(
        "Clients that have certificates",
        {},
        (
            _row("token by certificate, own TLS, connection kept", own, own_secret),
            _row("token by certificate, by the header of a proxy", header, header_secret),
        ),
    )


def _row(figure: str, mine: tuple[float, ...], secret: tuple[float, ...]) -> Row:
    """Return how much of the work of a token by secret another one's would be."""
    ratio = median(its / own for own, its in zip(mine, secret, strict=True))
    measured = f"{ratio:.2f} ({median(secret):.0f} us / {median(mine):.0f} us)"
    return Row(f"{figure}: CPU time of one by secret, of it", measured, "stated", None)


def _loads(stack: ExitStack, folder: Path) -> Iterator[Load]:
    """Start the servers; yield their loads, each followed by its own with a secret.

    One certificate is the server's, the client's and the authority that has issued it.
    """
    data, pair = folder / "data", files(folder)
    certificate, key = pair
    known = gatepass_server.create(data)
    gatepass_server.add_certificate(data, known.client_id, certificate)
    mutual = free_port()
    ports = ("--mtls-port", str(mutual), "--client-ca", str(certificate))
    tls = stack.enter_context(served(data, pair, *ports))
    context = ssl.create_default_context(cafile=certificate)
    shown = ssl.create_default_context(cafile=certificate)
    shown.load_cert_chain(certificate, key)
    yield Load(mutual, tls.process_id, _by_certificate(known), shown)
    yield Load(mutual, tls.process_id, token_request(known), context)
    plain = stack.enter_context(gatepass_server.served(data, _BEHIND_PROXY))
    header = {_HEADER: quote(certificate.read_text(), safe=""), _VERIFIED: "SUCCESS"}
    yield Load(*plain, _by_certificate(known, header), None)
    yield Load(*plain, token_request(known), None)


def _by_certificate(known: Credentials, headers: dict[str, str] | None = None) -> Request:
    body = f"{BODY}&client_id={known.client_id}"
    return Request("POST", TOKEN, {**FORM, **(headers or {})}, body)


async def _microseconds(load: Load) -> float:
    """Return the server's processor time for a token, without that of making connections."""
    host = "localhost" if load.context else None
    connections = [
        await asyncio.open_connection(
            "127.0.0.1", load.port, ssl=load.context, server_hostname=host
        )
        for _ in range(CONNECTIONS)
    ]
    raw = load.request.text(f"localhost:{load.port}").encode()
    await asyncio.gather(*(_send(*each, raw, 1) for each in connections))
    before = cpu_seconds(load.process_id)
    await asyncio.gather(*(_send(*each, raw, REQUESTS) for each in connections))
    used = cpu_seconds(load.process_id) - before
    for _, writer in connections:
        writer.close()
    return used / (CONNECTIONS * REQUESTS) * 1e6


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes, times: int
) -> None:
    for _ in range(times):
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]
        body = await reader.readexactly(int(length))
        if b" 200 " not in head[:20]:
            raise NotMeasuredError(f"a token was refused: {body.decode()}")


if __name__ == "__main__":
    print_part(measure())
