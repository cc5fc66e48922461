"""Call a gRPC service with access tokens: `python grpc_client.py HOST:PORT /pack.Service/Method`.

The settings come from GATEPASS_TOKEN_URL, GATEPASS_CLIENT_ID and GATEPASS_CLIENT_SECRET. The token
is call credentials, which gRPC sends over secure channels only (here TLS, or the local machine).
"""

import sys

import grpc

import gatepass


class AccessToken(grpc.AuthMetadataPlugin):
    """Puts a valid token on every call; gRPC asks for it in a thread of its own."""

    def __init__(self, source: gatepass.TokenSource) -> None:
        self.source = source

    def __call__(
        self, _context: grpc.AuthMetadataContext, callback: grpc.AuthMetadataPluginCallback
    ) -> None:
        try:
            token = self.source.token()
        except gatepass.ClientError as error:  # the call fails as UNAVAILABLE, with this message
            callback((), error)
        else:
            callback((("authorization", token.authorization),), None)


def call(channel: grpc.Channel, source: gatepass.TokenSource, method: str, message: bytes) -> bytes:
    """Call `method`, once more with a new token where the service refuses the first one."""
    ask = channel.unary_unary(method)
    credentials = grpc.metadata_call_credentials(AccessToken(source))
    token = source.token()
    try:
        answer: bytes = ask(message, credentials=credentials, timeout=30)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.UNAUTHENTICATED or not source.invalidate(token):
            raise
        answer = ask(message, credentials=credentials, timeout=30)
    return answer


def main(address: str, method: str) -> None:
    """Call a method with an empty message."""
    is_local = address.startswith(("localhost:", "127.0.0.1:"))
    credentials = grpc.local_channel_credentials() if is_local else grpc.ssl_channel_credentials()
    source = gatepass.TokenSource.from_env()
    with grpc.secure_channel(address, credentials) as channel:
        print(call(channel, source, method, b""))


if __name__ == "__main__":
    main(*sys.argv[1:])
