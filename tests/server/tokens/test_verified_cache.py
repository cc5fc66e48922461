"""What tokens say is recalled only while it would be read the same."""

from dataclasses import replace
from uuid import UUID

from gatepass.server.http import Response
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.verified_cache import MOST, DerivedCache, VerifiedTokenCache
from server.tokens.samples import APPLICATION, NOW

CLAIMS = Claims(UUID(int=7), b"0123456789abcdef", NOW * 1000, 3600, "read", ())
ANSWER = Response(200, (), b"{}")
KEYS = object()


def test_what_a_token_says_is_recalled_while_the_keys_are_the_same_object() -> None:
    known = VerifiedTokenCache()

    assert known.said(b"token", KEYS) is None
    assert known.keep(b"token", KEYS, CLAIMS) is CLAIMS
    assert known.said(b"token", KEYS) is CLAIMS
    assert known.said(b"tokem", KEYS) is None
    assert known.said(b"token", object()) is None


def test_new_keys_forget_what_the_old_ones_have_verified() -> None:
    known, newer = VerifiedTokenCache(), object()
    known.keep(b"token", KEYS, CLAIMS)
    known.keep(b"another", newer, CLAIMS)

    assert known.said(b"another", newer) is CLAIMS
    assert known.said(b"token", newer) is None


def test_what_comes_late_from_old_keys_is_not_kept_under_the_new_ones() -> None:
    known, newer = VerifiedTokenCache(), object()
    known.keep(b"new", newer, CLAIMS)
    known.keep(b"late", KEYS, CLAIMS)

    assert known.said(b"late", newer) is None


def test_an_answer_is_recalled_for_the_same_claims_and_application_alone() -> None:
    told: DerivedCache[Response] = DerivedCache()
    assert told.recall(CLAIMS, APPLICATION) is None
    assert told.keep(CLAIMS, APPLICATION, ANSWER) is ANSWER

    assert told.recall(CLAIMS, APPLICATION) is ANSWER
    assert told.recall(CLAIMS, replace(APPLICATION)) is None
    assert told.recall(CLAIMS._replace(), APPLICATION) is None
    assert told.recall(CLAIMS._replace(token_id=b"another"), APPLICATION) is None


def test_memory_is_bounded() -> None:
    known, told = VerifiedTokenCache(), DerivedCache[Response]()
    for number in range(MOST + 1):
        known.keep(b"%d" % number, KEYS, CLAIMS)
        told.keep(CLAIMS._replace(token_id=b"%d" % number), APPLICATION, ANSWER)

    assert known.said(b"0", KEYS) is None
    assert known.said(b"%d" % MOST, KEYS) is CLAIMS
    assert told.recall(CLAIMS._replace(token_id=b"0"), APPLICATION) is None
