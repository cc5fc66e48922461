"""What tokens say is recalled only while it would be read the same."""

from dataclasses import replace
from uuid import UUID

from gatepass.server.arrival import Answer
from gatepass.server.token.claims import Claims
from gatepass.server.token.known import MOST, KnownTokens
from server.token.samples import APPLICATION, NOW

CLAIMS = Claims(UUID(int=7), b"0123456789abcdef", NOW * 1000, 3600, "read", ())
ANSWER = Answer(200, (), b"{}")
KEYS = object()


def test_what_a_token_says_is_recalled_while_the_keys_are_the_same_object() -> None:
    known = KnownTokens()

    assert known.said("token", KEYS) is None
    assert known.keep("token", KEYS, CLAIMS) is CLAIMS
    assert known.said("token", KEYS) is CLAIMS
    assert known.said("tokem", KEYS) is None
    assert known.said("token", object()) is None


def test_new_keys_forget_what_the_old_ones_have_verified() -> None:
    known, newer = KnownTokens(), object()
    known.keep("token", KEYS, CLAIMS)
    known.keep("another", newer, CLAIMS)

    assert known.said("another", newer) is CLAIMS
    assert known.said("token", newer) is None


def test_what_comes_late_from_old_keys_is_not_kept_under_the_new_ones() -> None:
    known, newer = KnownTokens(), object()
    known.keep("new", newer, CLAIMS)
    known.keep("late", KEYS, CLAIMS)

    assert known.said("late", newer) is None


def test_an_answer_is_recalled_for_the_same_claims_and_application_alone() -> None:
    known = KnownTokens()
    assert known.told(CLAIMS, APPLICATION) is None
    assert known.tell(CLAIMS, APPLICATION, ANSWER) is ANSWER

    assert known.told(CLAIMS, APPLICATION) is ANSWER
    assert known.told(CLAIMS, replace(APPLICATION)) is None
    assert known.told(CLAIMS._replace(), APPLICATION) is None
    assert known.told(CLAIMS._replace(token_id=b"another"), APPLICATION) is None


def test_memory_is_bounded() -> None:
    known = KnownTokens()
    for number in range(MOST + 1):
        known.keep(str(number), KEYS, CLAIMS)
        known.tell(CLAIMS._replace(token_id=b"%d" % number), APPLICATION, ANSWER)

    assert known.said("0", KEYS) is None
    assert known.said(str(MOST), KEYS) is CLAIMS
    assert known.told(CLAIMS._replace(token_id=b"0"), APPLICATION) is None
