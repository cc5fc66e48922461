"""The gRPC example, run as it stands against a real gRPC server."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from client.pretend import CLIENT_ID, SECRET, Pretend

EXAMPLE = Path(__file__).parents[2] / "examples" / "grpc_client.py"
Accepts = Callable[[str], bool]


class Orders(grpc.GenericRpcHandler):
    """Tells which token came with which call; without generated code."""

    def __init__(self, accepts: Accepts) -> None:
        self.accepts = accepts
        self.tokens: list[str] = []

    def service(self, _call: grpc.HandlerCallDetails) -> Any:  # noqa: ANN401 - untyped there
        return grpc.unary_unary_rpc_method_handler(self.answer)

    def answer(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        token = str(dict(context.invocation_metadata())["authorization"])
        self.tokens.append(token)
        if not self.accepts(token):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        return request + b" with " + token.encode()


@contextmanager
def serving(orders: Orders) -> Iterator[int]:
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads, handlers=[orders])
        port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()


def run(server: Pretend, orders: Orders) -> subprocess.CompletedProcess[str]:
    variables = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        "GATEPASS_CLIENT_SECRET": SECRET,
    }
    with serving(orders) as port:
        return subprocess.run(
            [sys.executable, EXAMPLE, f"127.0.0.1:{port}"],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def test_calls_go_with_one_token_and_a_new_one_where_it_is_refused(server: Pretend) -> None:
    orders = Orders(lambda token: token != "Bearer pass-1" or not orders.tokens[1:])

    ran = run(server, orders)

    assert ran.stdout.splitlines() == [
        "first call with Bearer pass-1",
        "second call with Bearer pass-2",
    ], ran.stderr
    assert orders.tokens == ["Bearer pass-1", "Bearer pass-1", "Bearer pass-2"]
    assert len(server.token_requests) == 2


def test_a_second_refusal_goes_to_the_caller(server: Pretend) -> None:
    orders = Orders(lambda _token: False)

    ran = run(server, orders)

    assert ran.returncode == 1
    assert "StatusCode.UNAUTHENTICATED" in ran.stderr
    assert orders.tokens == ["Bearer pass-1", "Bearer pass-2"]
