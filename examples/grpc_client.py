"""Call a gRPC API with a token that is kept fresh: python grpc_client.py HOST:PORT

Takes GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and GATEPASS_CLIENT_SECRET from the environment.
A token goes over an encrypted channel only. Loopback, as here, needs no certificate; for an API
elsewhere take grpc.ssl_channel_credentials() in place of grpc.local_channel_credentials().
"""

import sys
from collections.abc import Callable
from typing import Any

import grpc

from gatepass import TokenSource
from gatepass.client.held import HeldToken


class Bearer(grpc.UnaryUnaryClientInterceptor):
    """Sends each call with a token, once more with a new one where that is refused."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source

    def intercept_unary_unary(
        self, call: Callable[..., Any], details: grpc.ClientCallDetails, request: object
    ) -> Any:  # noqa: ANN401 - the call, of a class of grpc's own
        held = self._source.token()
        answer = call(_with_token(details, held), request)
        # Asking for the code waits for the answer, so `.future()` waits here too.
        if answer.code() is grpc.StatusCode.UNAUTHENTICATED and self._source.invalidate(held):
            answer = call(_with_token(details, self._source.token()), request)
        return answer


class _Details(grpc.ClientCallDetails):
    def __init__(
        self, of: grpc.ClientCallDetails, metadata: tuple[tuple[str, str | bytes], ...]
    ) -> None:
        self.method, self.timeout, self.metadata = of.method, of.timeout, metadata
        self.credentials, self.wait_for_ready = of.credentials, of.wait_for_ready
        self.compression = of.compression


def _with_token(details: grpc.ClientCallDetails, held: HeldToken) -> _Details:
    given = tuple(details.metadata or ())
    return _Details(details, (*given, ("authorization", held.authorization)))


def main(target: str) -> None:
    with TokenSource.from_env() as source:
        channel = grpc.secure_channel(target, grpc.local_channel_credentials())
        with grpc.intercept_channel(channel, Bearer(source)) as api:
            # With generated code this is `OrdersStub(api).List`; here bytes go over as they are.
            orders: grpc.UnaryUnaryMultiCallable[bytes, bytes]
            orders = api.unary_unary("/example.Orders/List")
            print(orders(b"first call", timeout=10).decode())
            print(orders(b"second call", timeout=10).decode())


if __name__ == "__main__":
    main(sys.argv[1])
