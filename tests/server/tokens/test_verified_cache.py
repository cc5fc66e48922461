"""Claims, and what is derived from them, are cached only while they would be the same again."""

from dataclasses import replace
from uuid import UUID

from gatepass.server.http import Response
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.verified_cache import (
    SIZE,
    DerivedCache,
    VerifiedTokenCache,
)
from server.tokens.samples import CACHED, NOW

CLAIMS = Claims(UUID(int=7).bytes, b"0123456789abcdef", NOW * 1000, 3600, "read", ())
TOKEN = (CLAIMS, CACHED)
RESPONSE = Response(200, (), b"{}")
KEYS = object()


def test_claims_are_cached_while_the_keys_are_the_same_object() -> None:
    cache = VerifiedTokenCache()

    assert cache.get(b"token", KEYS) is None
    assert cache.put(b"token", KEYS, CLAIMS) is CLAIMS
    assert cache.get(b"token", KEYS) is CLAIMS
    assert cache.get(b"tokem", KEYS) is None
    assert cache.get(b"token", object()) is None


def test_new_keys_evict_what_the_old_ones_have_verified() -> None:
    cache, newer = VerifiedTokenCache(), object()
    cache.put(b"token", KEYS, CLAIMS)
    cache.put(b"another", newer, CLAIMS)

    assert cache.get(b"another", newer) is CLAIMS
    assert cache.get(b"token", newer) is None


def test_what_comes_late_from_old_keys_is_not_kept_under_the_new_ones() -> None:
    cache, newer = VerifiedTokenCache(), object()
    cache.put(b"new", newer, CLAIMS)
    cache.put(b"late", KEYS, CLAIMS)

    assert cache.get(b"late", newer) is None


def test_a_value_is_cached_for_the_same_claims_and_application_alone() -> None:
    cache: DerivedCache[Response] = DerivedCache()
    assert cache.get(b"key", TOKEN) is None
    assert cache.put(b"key", TOKEN, RESPONSE) is RESPONSE

    assert cache.get(b"key", TOKEN) is RESPONSE
    assert cache.get(b"key", (CLAIMS, CACHED)) is RESPONSE
    assert cache.get(b"key", (CLAIMS, replace(CACHED))) is None
    assert cache.get(b"key", (CLAIMS._replace(), CACHED)) is None
    assert cache.get(b"another", TOKEN) is None


def test_the_caches_are_bounded_and_evict_the_oldest_entry() -> None:
    verified, derived = VerifiedTokenCache(), DerivedCache[Response]()
    for number in range(SIZE + 1):
        verified.put(b"%d" % number, KEYS, CLAIMS)
        derived.put(number, TOKEN, RESPONSE)

    assert (verified.get(b"0", KEYS), derived.get(0, TOKEN)) == (None, None)
    assert (verified.get(b"1", KEYS), derived.get(1, TOKEN)) == (CLAIMS, RESPONSE)
    assert (verified.get(b"%d" % SIZE, KEYS), derived.get(SIZE, TOKEN)) == (CLAIMS, RESPONSE)
