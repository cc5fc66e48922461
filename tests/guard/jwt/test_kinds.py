"""Each kind of JWT that an issuer signs, for each verifier: none is taken for another."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

import pytest

from gatepass.guard import Denied, Expectation, Principal, verify
from gatepass.guard.jwt.assertion import verify_assertion
from gatepass.wire.errors import OAuthError
from guard.fake_network import Setup, bearer_request
from guard.tokens import API, ISSUER, NOW, Issuer, claims, header


class Kind(TypedDict):
    typ: str | None
    claims: dict[str, object]
    accepted_by: list[str]


VECTORS = Path(__file__).parents[2] / "vectors" / "jwt_kinds.json"
KINDS: dict[str, Kind] = json.loads(VECTORS.read_text())
STRICT, PLAIN = Expectation(ISSUER, API), Expectation(ISSUER, API, lenient=True)

VERIFIERS: dict[str, Callable[[str, Issuer], Principal]] = {
    "strict": lambda text, issuer: verify(text, issuer.keys, STRICT, NOW),
    "plain": lambda text, issuer: verify(text, issuer.keys, PLAIN, NOW),
    "assertion": lambda text, issuer: verify_assertion(text, issuer.keys, STRICT, NOW),
}


def signed(issuer: Issuer, kind: Kind, **changed: object) -> str:
    """Return the JWT of a kind; a member that is null is left out."""
    head = header("ES256", typ=kind["typ"])
    body = claims() | kind["claims"] | changed
    return issuer.token(
        "ES256",
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in body.items() if value is not None},
    )


@pytest.mark.spec("RFC 8725", "3.11")
@pytest.mark.spec("RFC 8725", "3.12")
@pytest.mark.parametrize("verifier", VERIFIERS)
@pytest.mark.parametrize("name", KINDS)
def test_a_jwt_is_accepted_only_as_what_it_is(issuer: Issuer, name: str, verifier: str) -> None:
    kind = KINDS[name]
    text = signed(issuer, kind)

    if verifier in kind["accepted_by"]:
        assert VERIFIERS[verifier](text, issuer).client_id == "acme-billing"
    else:
        with pytest.raises(OAuthError) as refused:
            VERIFIERS[verifier](text, issuer)
        assert (refused.value.status, refused.value.code) == (401, "invalid_token")


@pytest.mark.parametrize("typ", ["JWT", None])
def test_a_guard_of_plain_jwts_refuses_what_is_not_issued_as_an_access_token(
    setup: Setup, typ: str | None
) -> None:
    now = int(setup.clock.now)
    head = {name: value for name, value in header("ES256", typ=typ).items() if value is not None}
    guard = setup.guard(lenient=True)

    assert (
        guard.identify(bearer_request(setup.jwt(head=head, jti=None))).client_id == "acme-billing"
    )
    for changed in ({"token_use": "assertion"}, {"exp": now + 60}):
        with pytest.raises(Denied) as denied:
            guard.identify(bearer_request(setup.jwt(head=head, **changed)))
        assert denied.value.error_response.status == 401
