"""Recovery codes: how random they are, and which spellings are the same code."""

from uuid import uuid4

import pytest

from gatepass.server.domain.users.factors.recovery_codes import NUMBER, digest, generate
from gatepass.wire.secret import Secret


@pytest.mark.spec("ASVS", "6.5.2")
def test_a_code_has_more_random_bits_than_need_a_slow_hash() -> None:
    codes = [code.value for code in generate()]

    lengths = {len(code.replace("-", "")) for code in codes}
    assert lengths == {24}
    assert 24 * 5 >= 112  # bits of a character of base32
    assert len(set(codes)) == NUMBER


@pytest.mark.parametrize("spell", [str.upper, lambda text: text.replace("-", " ")])
def test_a_code_is_the_same_however_it_is_spelled(spell: object) -> None:
    [code, *_] = generate()
    user_id = uuid4()

    assert callable(spell)
    assert digest(user_id, Secret(spell(code.value))) == digest(user_id, code)


def test_a_code_of_another_person_has_another_digest() -> None:
    [code, *_] = generate()

    assert digest(uuid4(), code) != digest(uuid4(), code)
