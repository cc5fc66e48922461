import json
from collections.abc import Callable
from pathlib import Path

import pytest

from gatepass.server.domain.imports import django_hashers
from gatepass.wire.secret import Secret

pytestmark = pytest.mark.slow

VECTORS = Path(__file__).parents[3] / "vectors"
HASHES = json.loads((VECTORS / "django_hashes.json").read_text())
UNUSABLE = json.loads((VECTORS / "unusable_hashes.json").read_text())
each_hash = pytest.mark.parametrize("made", HASHES, ids=[each["what"] for each in HASHES])


@each_hash
def test_a_secret_that_django_hashed_is_verified(made: dict[str, str]) -> None:
    assert django_hashers.kind(made["encoded"], was_hashed=True) == made["kind"]
    assert django_hashers.verify(made["encoded"], Secret(made["secret"]))


@each_hash
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda _: "", id="no secret"),
        pytest.param(lambda secret: "x" + secret[1:], id="another first character"),
        pytest.param(lambda secret: secret.swapcase() + "1", id="another case"),
        pytest.param(lambda secret: "\0" + secret, id="NUL in front"),
    ],
)
def test_another_secret_is_refused(made: dict[str, str], change: Callable[[str], str]) -> None:
    assert not django_hashers.verify(made["encoded"], Secret(change(made["secret"])))


@each_hash
def test_a_hash_that_was_changed_verifies_nothing(made: dict[str, str]) -> None:
    encoded = made["encoded"]
    at = len(encoded) - 4
    other = "A" if encoded[at] != "A" else "B"

    assert not django_hashers.verify(
        encoded[:at] + other + encoded[at + 1 :], Secret(made["secret"])
    )


@pytest.mark.parametrize("encoded", UNUSABLE.values(), ids=UNUSABLE)
def test_a_hash_that_is_weak_unknown_malformed_or_too_costly_is_not_taken(encoded: str) -> None:
    assert django_hashers.kind(encoded, was_hashed=True) is None
    assert not django_hashers.verify(encoded, Secret("whatever"))
    assert not django_hashers.verify(encoded, Secret(encoded))


@pytest.mark.parametrize(
    ("kept", "was_hashed"),
    [
        pytest.param("k7Pz0vXq", None, id="nothing is said"),
        pytest.param("k7Pz0vXq", True, id="a plain one among hashed ones"),
        pytest.param("5b6ad7c2cc91b8bb9eef6ea2e7ba8b3e", None, id="32 hex digits"),
        pytest.param("5b6ad7c2cc91b8bb9eef6ea2e7ba8b3e", False, id="32 hex digits, said plain"),
        pytest.param("costs$5$or$6", False, id="dollar signs, said plain"),
        pytest.param("$2b$", None, id="a dollar sign in front"),
    ],
)
def test_a_plain_secret_is_told_from_a_hash(kept: str, was_hashed: bool | None) -> None:  # noqa: FBT001 - a case
    assert django_hashers.kind(kept, was_hashed=was_hashed) == django_hashers.PLAIN


def test_of_a_short_secret_no_character_is_shown() -> None:
    assert django_hashers.last_four(Secret("x" * 16 + "abc")) == ""
    assert django_hashers.last_four(Secret("x" * 16 + "abcd")) == "abcd"


def test_the_most_common_kind_is_found() -> None:
    assert django_hashers.most_common(["argon2$1", "scrypt$2", "argon2$3"]) in {
        "argon2$1",
        "argon2$3",
    }
    assert django_hashers.most_common([]) is None
