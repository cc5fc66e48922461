"""Project Wycheproof's vectors for JSON Web Signature and JSON Web Key, one by one."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gatepass.jose import jws
from gatepass.jose.algorithms import ACCEPTED
from gatepass.jose.base64url import decode
from gatepass.jose.jwks import KeySet
from gatepass.wire.errors import OAuthError

VECTORS = Path(__file__).parents[2] / "vectors" / "wycheproof"
FILES = ("json_web_signature_test", "json_web_key_test", "json_web_crypto_test")


class Vector(NamedTuple):
    name: str
    keys: dict[str, Any]
    text: str
    result: str


def vectors() -> Iterator[Vector]:
    for file in FILES:
        for group in json.loads((VECTORS / f"{file}.json").read_text())["testGroups"]:
            key = group.get("public", group.get("private"))
            keys = key if "keys" in key else {"keys": [key]}
            for test in group["tests"]:
                text = test.get("jws", test.get("jwe"))
                text = text if isinstance(text, str) else json.dumps(text)
                name = f"{file}-{test['tcId']}-{test['comment']}"
                yield Vector(name, keys, text, test["result"])


ALL = list(vectors())


def head(text: str) -> dict[str, Any]:
    try:
        found = json.loads(decode(text.partition(".")[0]))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_ours(vector: Vector) -> bool:
    """Return whether keys and algorithm are asymmetric, for signatures, and among those we take."""
    asymmetric = all(key["kty"] != "oct" for key in vector.keys["keys"])
    return asymmetric and head(vector.text).get("alg") in ACCEPTED


def is_to_pass(vector: Vector) -> bool:
    """What is but "acceptable" may be refused, and a strict reader refuses it."""
    return vector.result == "valid" and is_ours(vector)


def passes(text: str, keys: Mapping[str, object]) -> bool:
    try:
        jws.verify(text, KeySet.parse(keys))
    except (OAuthError, ValueError):  # ValueError: the keys are not to be used
        return False
    return True


GOOD_KEYS = [vector.keys["keys"][0] for vector in ALL if is_to_pass(vector)]


@pytest.mark.spec("RFC 7515", "5.2")
@pytest.mark.spec("RFC 7517", "4.2")
@pytest.mark.spec("RFC 7517", "4.3")
@pytest.mark.spec("RFC 7518", "3.3")
@pytest.mark.spec("RFC 8725", "3.3")
@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_a_vector_passes_exactly_when_it_is_valid_and_of_an_algorithm_that_is_taken(
    vector: Vector,
) -> None:
    assert passes(vector.text, vector.keys) == is_to_pass(vector)


@pytest.mark.spec("RFC 8725", "3.1")
@pytest.mark.spec("RFC 8725", "3.2")
@pytest.mark.parametrize(
    "vector", [vector for vector in ALL if not is_to_pass(vector)], ids=lambda vector: vector.name
)
def test_what_is_refused_is_refused_with_any_other_good_key_of_the_name_it_asks_for(
    vector: Vector,
) -> None:
    """Many vectors fail by their keys; here it is the text alone that has to fail."""
    material = [(key.get("n"), key.get("x")) for key in vector.keys["keys"]]
    others = [key for key in GOOD_KEYS if (key.get("n"), key.get("x")) not in material]
    kid = head(vector.text).get("kid", "nameless")
    assert others

    assert not any(passes(vector.text, {"keys": [key | {"kid": kid}]}) for key in others)


def test_the_vectors_are_all_there_and_some_of_each_kind_pass() -> None:
    passing = [head(vector.text)["alg"] for vector in ALL if is_to_pass(vector)]

    assert len(ALL) == 510
    assert {alg: passing.count(alg) for alg in set(passing)} == {
        "ES256": 3,
        "PS256": 6,
        "RS256": 10,
    }
