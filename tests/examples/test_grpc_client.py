"""The gRPC example, as its reader would run it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from client.fake_server import CLIENT_ID, SECRET, ScriptedServer, scripted_server

PROGRAM = Path(__file__).parents[2] / "examples" / "grpc_client.py"
METHOD = "/meters.Meters/Read"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as running:
        yield running


@pytest.fixture
def address(server: ScriptedServer) -> Iterator[str]:
    """Serve METHOD to callers whose token was issued and not revoked."""

    def read(_message: bytes, context: grpc.ServicerContext) -> bytes:
        seen = dict(context.invocation_metadata()).get("authorization", "")
        token = str(seen).removeprefix("Bearer ")
        if not token.startswith("pass-") or token in server.revoked:
            server.revoked.discard(token)
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you?")
        return f"read by {token}".encode()

    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Read": grpc.unary_unary_rpc_method_handler(read)
    }
    with ThreadPoolExecutor(4) as threads:
        service = grpc.server(threads)
        service.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("meters.Meters", handlers)]
        )
        port = service.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
        service.start()
        yield f"127.0.0.1:{port}"
        service.stop(0).wait()


def run(server: ScriptedServer, address: str) -> subprocess.CompletedProcess[str]:
    settings = {
        "GATEPASS_TOKEN_URL": server.token_url,
        "GATEPASS_CLIENT_ID": CLIENT_ID,
        "GATEPASS_CLIENT_SECRET": SECRET,
    }
    return subprocess.run(
        [sys.executable, str(PROGRAM), address, METHOD],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_call_carries_a_token(server: ScriptedServer, address: str) -> None:
    assert run(server, address).stdout == "b'read by pass-1'\n"
    assert len(server.token_requests) == 1


def test_a_call_that_is_refused_is_made_once_more_with_a_new_token(
    server: ScriptedServer, address: str
) -> None:
    server.revoked.add("pass-1")

    assert run(server, address).stdout == "b'read by pass-2'\n"
