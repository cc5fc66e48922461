"""Tokens over the server's own TLS, against plain HTTP: on connections that stay, and on new ones.

Both servers have one worker and take turns under the same load. The certificate has a key on
P-256, and each new connection is a whole handshake of TLS 1.3.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.load import Figures, Series, Target, Turn, in_turns, steady
from bench.processes import free_port, running
from bench.report import Part, Row, print_part
from bench.server import gatepass_server
from bench.server.gatepass_server import Credentials, Server, token_request

ROUNDS = 5
SECONDS = 2
CONNECTIONS = 32
PLAIN, TLS = "token, plain HTTP", "token, own TLS"
PLAIN_NEW, TLS_NEW = f"{PLAIN}, a connection each", f"{TLS}, a connection each"


def measure() -> Part:
    """Measure one worker with TLS and one without."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        turns = list(_turns(stack, Path(folder)))
        series = in_turns(turns, ROUNDS, CONNECTIONS)
    kept = series[TLS].ratio(series[PLAIN])
    plain, tls = series[PLAIN_NEW].median(), series[TLS_NEW].median()
    rows = (
        Row(
            "token over own TLS, connection kept, of plain HTTP",
            f"{kept.by_cpu:.2f} by CPU time, {kept.by_rate:.2f} by rate ({_rate(series[TLS])})",
            "stated",
            None,
        ),
        Row(
            "CPU time of a new TLS connection with its token, without TLS",
            f"{tls.cpu:.0f} us, {plain.cpu:.0f} us ({_rate(series[TLS_NEW])})",
            "stated",
            None,
        ),
    )
    return Part("Own TLS", {CONNECTIONS: series}, rows)


def _rate(series: Series) -> str:
    figures: Figures = series.median()
    return f"{figures.per_second:.0f} tokens/s"


def _turns(stack: ExitStack, folder: Path) -> Iterator[Turn]:
    data = folder / "data"
    known = gatepass_server.create(data)
    plain = stack.enter_context(gatepass_server.served(data))
    tls = stack.enter_context(served(data, files(folder)))
    for name, server, scheme in ((PLAIN, plain, "http"), (TLS, tls, "https")):
        yield steady(_target(name, server, known, scheme), SECONDS)
    for name, server, scheme in ((PLAIN_NEW, plain, "http"), (TLS_NEW, tls, "https")):
        yield steady(_target(name, server, known, scheme, is_new=True), SECONDS)


def _target(
    name: str, server: Server, known: Credentials, scheme: str, *, is_new: bool = False
) -> Target:
    request = token_request(known)
    if is_new:
        request = replace(request, headers={**request.headers, "Connection": "close"})
    return Target(name, *server, (request,), scheme=scheme)


@contextmanager
def served(data: Path, pair: tuple[Path, Path], *more: str) -> Iterator[Server]:
    """Serve a data directory over TLS; the plain port of the metrics says when it is ready."""
    certificate, key = pair
    port, metrics = free_port(), free_port()
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key), *more)
    command = [*gatepass_server.serve(data, port), *tls]
    url = f"http://127.0.0.1:{metrics}/metrics"
    with running(command, url, {"GATEPASS_METRICS_PORT": str(metrics)}) as process_id:
        yield Server(port, process_id)


def files(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for loopback and its key, as files."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, SHA256())
    )
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files = folder / "cert.pem", folder / "key.pem"
    for file, content in zip(files, (made.public_bytes(Encoding.PEM), text), strict=True):
        file.write_bytes(content)
    return files


if __name__ == "__main__":
    print_part(measure())
