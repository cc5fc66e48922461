"""Thousands of wrong proofs at a guard that knows the client's key already: none is accepted."""

import json
import logging
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import pytest

from gatepass.guard import Denied, Guard, Request
from gatepass.guard.testing import FakeIssuer
from gatepass.jose import base64url
from jose.variants import FAMILIES, Change, variants

URL = "https://api.example.com/meters"


class Api:
    """A guard, a token that is bound to a key, and a good proof that passed once."""

    def __init__(self, issuer: FakeIssuer) -> None:
        self.key = issuer.dpop_key()
        self.attacker = issuer.dpop_key()
        self.token = issuer.mint(cnf=self.key.cnf)
        self.guard: Guard = issuer.guard()
        assert self.passes(self.proof())

    def proof(self, **changed: Any) -> str:  # noqa: ANN401 - any member
        return self.key.proof("GET", URL, self.token, **changed)

    def passes(self, *proofs: str) -> bool:
        """Return whether a request passes; anything but a refusal is an error."""
        request = Request((f"DPoP {self.token}",), dpop=proofs, url=URL)
        try:
            self.guard.identify(request)
        except Denied as denied:
            response = denied.error_response
            if response.status != 401 or "dpop" not in response.reason:
                raise
            return False
        return True

    def accepted(self, proofs: Iterable[str]) -> list[str]:
        return [each for each in proofs if self.passes(each)]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    logging.getLogger("gatepass.guard").setLevel(logging.ERROR)
    with FakeIssuer() as issuer:
        yield Api(issuer)
    logging.getLogger("gatepass.guard").setLevel(logging.NOTSET)


@pytest.mark.spec("RFC 9449", "4.3")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_no_proof_whose_text_was_changed_is_accepted(api: Api, family: Change) -> None:
    proof = api.proof()

    assert api.accepted(variants(family, proof)) == []
    assert api.passes(proof)


def test_there_are_thousands_of_changed_texts(api: Api) -> None:
    proof = api.proof()

    assert sum(len(variants(family, proof)) for family in FAMILIES) > 8_000


VALUES: list[Any] = [None, True, 0, -1, 1e300, "", "a", [], ["GET"], {}, {"a": 1}, "\ud800"]


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat", "ath"])
def test_no_claim_of_another_type_or_value_is_accepted(api: Api, name: str) -> None:
    values = [each for each in VALUES if name != "jti" or each not in ("a", "\ud800")]

    assert api.accepted(api.proof(**{name: each}) for each in values) == []


@pytest.mark.parametrize("name", ["typ", "alg", "jwk", "crit", "b64", "jku", "x5c", "x5u", "kid"])
def test_no_header_member_of_another_type_or_value_is_accepted(api: Api, name: str) -> None:
    may_be = {"kid": ["", "a", "\ud800", None]}  # a name means nothing here
    values = [each for each in VALUES if each not in may_be.get(name, [])]
    if name in {"crit", "b64", "jku", "x5c", "x5u"}:
        values.remove(None)  # left out, as in a good proof

    assert api.accepted(api.proof(header={name: each}) for each in values) == []


def test_no_part_of_another_proof_makes_one(api: Api) -> None:
    """Headers, claims and signatures of proofs by two keys, in every other combination."""
    good = [api.proof().split("."), api.proof().split(".")]
    strange = [api.attacker.proof("GET", URL, api.token).split(".") for _ in range(2)]
    proofs = [*good, *strange]
    parts = product(*zip(*proofs, strict=True))
    mixed = {".".join(each) for each in parts} - {".".join(each) for each in good}

    assert api.accepted(mixed) == []
    assert len(mixed) > 20


def test_no_number_of_proofs_but_one_is_accepted(api: Api) -> None:
    first, second = api.proof(), api.proof()

    for proofs in ((), (first, second), (first, first), (first, ""), ("", first), ("",)):
        assert not api.passes(*proofs)
    assert api.passes(first)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/meters/",
        "https://api.example.com//meters",
        "https://api.example.com/Meters",
        "https://api.example.com/meters%2F",
        "https://api.example.com/meters;a",
        "https://api.example.com:444/meters",
        "https://api.example.com.:443/meters",
        "http://api.example.com/meters",
        "http://api.example.com:443/meters",
        "https://api.example.com@evil.example/meters",
        "https://user@api.example.com/meters",
        "https://api.example.com\\@evil.example/meters",
        "//api.example.com/meters",
        "/meters",
        "https:api.example.com/meters",
        "https://api.example.com/meters\n",
        " https://api.example.com/meters",
        "https://api.exa\tmple.com/meters",
        "https://[api.example.com]/meters",
        "https://api.example.com:port/meters",
        "https://xn--/meters",
        "https://аpi.example.com/meters",  # noqa: RUF001 - a letter of another script
        "javascript:https://api.example.com/meters",
    ],
)
def test_no_other_address_is_accepted(api: Api, url: str) -> None:
    assert not api.passes(api.proof(htu=url))


@pytest.mark.parametrize(
    "text",
    ['{"jti":"1","jti":"1"}', "[]", '"a"', "1", "", "{}", "{}{}", "[" * 3000 + "]" * 3000],
    ids=lambda text: text[:12],
)
def test_claims_that_two_readers_may_read_differently_are_refused(api: Api, text: str) -> None:
    head, _, _ = api.proof().split(".")
    content = f"{head}.{base64url.encode(text.encode())}"

    assert not api.passes(f"{content}.{base64url.encode(api.key.sign(content.encode()))}")


def test_a_member_that_is_given_twice_is_refused_though_it_is_signed(api: Api) -> None:
    head, claims, _ = api.proof().split(".")
    members = json.loads(base64url.decode(claims))
    doubled = json.dumps(members)[:-1] + f', "htm": {json.dumps(members["htm"])}}}'
    content = f"{head}.{base64url.encode(doubled.encode())}"

    assert not api.passes(f"{content}.{base64url.encode(api.key.sign(content.encode()))}")


def test_another_client_does_not_pass_with_a_known_key(api: Api) -> None:
    assert api.key.jkt != api.attacker.jkt
    assert not api.passes(api.attacker.proof("GET", URL, api.token))
