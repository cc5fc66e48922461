"""Thousands of wrong DPoP proofs at the token endpoint: none is accepted, nothing fails."""

import pytest

from gatepass.server.http import NeedsThread, Request
from gatepass.server.oauth.token import token
from gatepass.wire.errors import OAuthError
from jose.variants import FAMILIES, Change, variants
from server.fixtures import FORM, GRANT, Client, InProcessServer, basic
from server.proofs import Prover, require

_BODY = "&".join(f"{name}={value}" for name, value in GRANT.items()).encode()


def result(server: InProcessServer, client: Client, proof: str) -> str:
    """Return the error code of a token request with a proof, "" if it is granted."""
    headers = {
        b"authorization": basic(client.client_id, client.secret.value).encode(),
        b"content-type": FORM.encode(),
        b"dpop": proof.encode("latin-1", "replace"),
    }
    request = Request(headers, b"", _BODY, "192.0.2.7")
    try:
        found = token(server.environment(), request)
        while isinstance(found, NeedsThread):  # on a busy machine the application is read so
            found.work()
            found = token(server.environment(), request)
    except OAuthError as error:
        return error.code if error.status == 400 else str(error.status)
    return ""


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_proof_whose_text_was_changed_gets_a_token(
    server: InProcessServer, family: Change
) -> None:
    client, prover = require(server, server.register()), Prover(server)
    text = prover.proof()
    wrong = [each for each in variants(family, text) if each.strip() != text]

    found = {result(server, client, each) for each in wrong}

    assert found == {"invalid_dpop_proof"}
    assert result(server, client, text) == ""


_VALUES: tuple[object, ...] = ([], {}, True, False, 0, -1, 1e300, 2**70, [["a"] * 9])
_TEXTS: tuple[object, ...] = ("", "\0", "é", "a" * 5000)
CLAIMS: list[dict[str, object]] = [
    *({name: each} for name in ("jti", "htm", "htu", "iat", "nonce", "ath") for each in _VALUES),
    *({name: each} for name in ("htm", "htu", "iat") for each in _TEXTS),
    {"jti": ""},
    {"jti": "a" * 5000},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=lambda each: str(each)[:30])
def test_no_claim_of_a_strange_value_is_accepted_or_a_fault_of_the_server(
    server: InProcessServer, client: Client, claims: dict[str, object]
) -> None:
    assert result(server, client, Prover(server).proof(claims)) == "invalid_dpop_proof"
