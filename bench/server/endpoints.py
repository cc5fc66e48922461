"""The OAuth endpoints against an empty ASGI handler and against nginx, in one run.

All have one worker and take turns under the same load. The figure is the ratio, as machines
differ and are shared: the median of the rounds' ratios. On a busy machine the ratio of processor
times is the reliable one.
"""

import sys

if __name__ == "__main__":  # this folder's token.py must not hide the standard library's
    sys.path[0] = __file__.rsplit("/bench/", 1)[0] if "/bench/" in __file__ else "."

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.load import CONNECTIONS, Target, in_turns, steady
from bench.peers.served import empty, nginx
from bench.report import ByConnections, Part, Row, possible, print_part, ratio_row
from bench.server import gatepass_server

ROUNDS = 6
SECONDS = 2
EMPTY = "empty ASGI handler"
NGINX = "nginx, a constant"
OPAQUE = "token, opaque, by the fast path"
BY_ASGI = "token, opaque, by ASGI"
JWT = "token, JWT ES256, by the fast path"
INTROSPECTION = "introspection, by the fast path"
VERIFICATION = "forward authentication, by the fast path"


def measure() -> Part:
    """Measure the endpoints of one worker."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        turns = [steady(each, SECONDS) for each in _targets(stack, Path(folder, "data"))]
        series = {count: in_turns(turns, ROUNDS, count) for count in CONNECTIONS}
    return Part("Endpoints", series, tuple(_rows(series)))


def _targets(stack: ExitStack, data: Path) -> Iterator[Target]:
    known = gatepass_server.create(data)
    server = stack.enter_context(gatepass_server.served(data))

    def by_asgi() -> Target:
        server = stack.enter_context(gatepass_server.served(data, {"GATEPASS_FAST_PATH": "false"}))
        return gatepass_server.issuing(BY_ASGI, server, known)

    def jwt() -> Target:
        variables = {"GATEPASS_PRODUCTION__TOKENS": "jwt"}
        server = stack.enter_context(gatepass_server.served(data, variables))
        return gatepass_server.issuing_jwts(JWT, server, known)

    return possible(
        lambda: stack.enter_context(empty(EMPTY)),
        lambda: stack.enter_context(nginx(NGINX)),
        lambda: gatepass_server.issuing(OPAQUE, server, known),
        by_asgi,
        jwt,
        lambda: gatepass_server.introspecting(INTROSPECTION, server, known),
        lambda: gatepass_server.verifying(VERIFICATION, server, known),
    )


def _rows(series: ByConnections) -> Iterator[Row]:
    for mine, its, least in (
        (OPAQUE, EMPTY, 1.20),
        (BY_ASGI, EMPTY, 0.75),
        (OPAQUE, NGINX, 0.40),
        (JWT, EMPTY, None),
        (INTROSPECTION, EMPTY, 1.00),
        (VERIFICATION, EMPTY, 1.00),
    ):
        yield ratio_row(f"{mine}, of {its}", series, mine, its, least)
    if all(JWT in each for each in series.values()):
        yield _signing_row(series)


def _signing_row(series: ByConnections) -> Row:
    """Return the row of a JWT's work against the signature that is in it."""
    bare = _signature()
    shares = [bare / each[JWT].median().cpu for each in series.values()]
    measured = " / ".join(f"{share:.2f}" for share in shares)
    figure = "token, JWT ES256: CPU time of a bare signature, of a token's"
    return Row(figure, f"{measured} ({bare:.1f} us)", ">= 0.48", min(shares) >= 0.48)


def _signature() -> float:
    """Return the microseconds of CPU time of a signature in a loop."""
    key, message = ec.generate_private_key(ec.SECP256R1()), bytes(500)
    algorithm = ec.ECDSA(SHA256())
    rounds = []
    for _ in range(41):
        started = time.process_time()
        for _ in range(200):
            key.sign(message, algorithm)
        rounds.append((time.process_time() - started) / 200 * 1e6)
    return median(rounds)


if __name__ == "__main__":
    print_part(measure())
