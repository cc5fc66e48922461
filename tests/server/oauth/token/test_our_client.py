"""The Python client against the token endpoint: what one signs, the other accepts."""

import time
from pathlib import Path

import pytest

from gatepass.admin.client import Admin
from gatepass.admin.connection import Connection
from gatepass.client.errors import TokenRefused
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.source import TokenSource
from gatepass.jose.keys.private_key import PrivateKey
from gatepass.wire.metadata import ADMIN_API, TOKEN
from server.admin.client.in_process_sender import InProcessSender
from server.admin.operator_program import Program, every_scope
from server.assertions import KeyClient, with_key
from server.fixtures import LIVE, URL, Client, InProcessServer, open_passive_server


def source_of(
    server: InProcessServer, by: KeyClient, key: PrivateKey, **more: object
) -> TokenSource:
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


@pytest.mark.spec("RFC 9449", "5")
@pytest.mark.parametrize("alg", ["ES256", "Ed25519"])
def test_a_token_is_bound_to_the_clients_key(server: InProcessServer, alg: str) -> None:
    client = server.register(LIVE)
    key = PrivateKey.generate(alg)

    token = bound_source(server, client, dpop_key=key.pem()).token()
    found = server.introspect(client, token.value).json()

    assert token.authorization.startswith("DPoP ")
    assert (found["token_type"], found["cnf"]) == ("DPoP", {"jkt": key.kid})


def test_a_key_authenticates_and_another_binds(server: InProcessServer) -> None:
    by = with_key(server)
    source = source_of(server, by, by.key, dpop=True)

    assert source.token().jkt
    assert source.prover is not None
    assert source.prover.jkt != by.key.kid


@pytest.mark.spec("RFC 9449", "8")
def test_the_nonce_that_the_server_asks_for_costs_one_more_request(tmp_path: Path) -> None:
    with open_passive_server(tmp_path, production={"dpop_nonces": True}) as server:
        source = bound_source(server, server.register(LIVE), dpop=True)
        source.invalidate(source.token())
        source.token()
        assert isinstance(source._sender, InProcessSender)  # noqa: SLF001 - to count
        assert [each.method for each in source._sender.sent] == ["POST"] * 3  # noqa: SLF001


def test_the_admin_api_is_called_with_a_bound_token(server: InProcessServer) -> None:
    program = Program(server, *every_scope())
    server.clock.advance(max(0.0, time.time() - server.clock()))
    sender = InProcessSender(server)
    url, client = URL[LIVE], program.client
    settings = ClientSettings(
        url + TOKEN, client.client_id, client.secret, "", url + ADMIN_API, dpop=True
    )
    source = TokenSource(settings, sender)
    admin = Admin.over(Connection(url, "production", source, sender, random=lambda: 0.0))

    assert next(iter(admin.organizations.list())).name
    authorized = [each.headers.get("authorization", "") for each in sender.sent]
    assert [each.partition(" ")[0] for each in authorized] == ["Basic", "DPoP"]


def bound_source(server: InProcessServer, client: Client, **more: object) -> TokenSource:
    server.clock.advance(max(0.0, time.time() - server.clock()))
    settings = ClientSettings(URL[LIVE] + TOKEN, client.client_id, client.secret, **more)  # type: ignore[arg-type]
    return TokenSource(settings, InProcessSender(server))
