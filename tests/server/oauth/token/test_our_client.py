"""The Python client against the token endpoint: what one signs, the other accepts."""

import time

import pytest

from gatepass.client.errors import TokenRefused
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.wire.metadata import TOKEN
from server.admin.client.in_process_sender import InProcessSender
from server.assertions import KeyClient, with_key
from server.fixtures import LIVE, URL, InProcessServer


def source_of(server: InProcessServer, by: KeyClient, key: PrivateKey, **more: str) -> TokenSource:
    server.clock.advance(max(0.0, time.time() - server.clock()))  # the client's is the real one
    settings = ClientSettings(
        URL[LIVE] + TOKEN,
        by.client.client_id,
        private_key=key.pem(),
        private_key_alg=key.alg,
        **more,  # type: ignore[arg-type]
    )
    return TokenSource(settings, InProcessSender(server))


@pytest.mark.parametrize("alg", ["ES256", "Ed25519", "PS256"])
def test_a_key_gets_a_token_and_another_with_an_assertion_of_its_own(
    server: InProcessServer, alg: str
) -> None:
    by = with_key(server, alg=alg)
    source = source_of(server, by, by.key)

    first = source.token()
    source.invalidate(first)

    assert source.token().value != first.value


def test_a_key_of_another_client_is_refused_with_what_to_do(server: InProcessServer) -> None:
    by = with_key(server)

    with pytest.raises(TokenRefused, match="has the public key of this ES256 key"):
        source_of(server, by, PrivateKey.generate("ES256")).token()


def test_the_token_url_as_audience_needs_leave(server: InProcessServer) -> None:
    by = with_key(server)

    with pytest.raises(TokenRefused, match=f"assertions for {URL[LIVE]}{TOKEN}"):
        source_of(server, by, by.key, assertion_audience="token_endpoint").token()
