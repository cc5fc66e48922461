"""What the OpenID Foundation's plan for FAPI 2.0 asks and no other test shows."""

import pytest

from gatepass.wire.metadata import INTROSPECT, TOKEN
from server.assertions import with_key
from server.fixtures import GRANT, INTROSPECTION, Client, InProcessServer, refused
from server.oauth.token.test_fapi2 import ask, set_profile
from server.proofs import Prover
from server.proofs import ask as ask_with_secret


@pytest.mark.spec("RFC 9449", "7.1")
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP", "dPoP"])
def test_the_scheme_of_a_token_may_be_in_any_case(server: InProcessServer, scheme: str) -> None:
    client = server.register(scope=INTROSPECTION, allowed=INTROSPECTION)
    prover = Prover(server)
    token = ask_with_secret(server, client, prover.proof()).json()["access_token"]
    url = server.environment().issuer + INTROSPECT
    headers = {"Authorization": f"{scheme} {token}", "DPoP": prover.proof(url=url, token=token)}

    answer = server.post(INTROSPECT, data={"token": token}, headers=headers)

    assert answer.json()["active"], answer.text


@pytest.mark.spec("RFC 9449", "4.3")
def test_a_proof_may_have_nbf_and_exp(server: InProcessServer, client: Client) -> None:
    prover, now = Prover(server), int(server.clock())
    claims = {"nbf": now - 5, "exp": now + 60}

    assert ask_with_secret(server, client, prover.proof(claims)).status_code == 200


@pytest.mark.spec("RFC 9449", "11.1")
@pytest.mark.parametrize("seconds", [-10, 10])
def test_a_proof_may_be_ten_seconds_old_or_ahead(
    server: InProcessServer, client: Client, seconds: int
) -> None:
    claims = {"iat": int(server.clock()) + seconds}

    assert ask_with_secret(server, client, Prover(server).proof(claims)).status_code == 200


def test_without_an_assertion_nobody_is_authenticated(server: InProcessServer) -> None:
    by = set_profile(server, with_key(server))
    headers = {"DPoP": Prover(server).proof()}

    for form in ({}, {"client_id": by.client.client_id}):
        answer = server.post(TOKEN, data=GRANT | form, headers=headers)
        assert refused(answer) == (401, "invalid_client")
    assert ask(server, by, Prover(server).proof()).status_code == 200
