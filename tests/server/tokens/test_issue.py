"""A grant becomes a token."""

from dataclasses import replace
from itertools import islice
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.domain.keys.keyring import Keyring
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.grant import Grant
from gatepass.server.tokens.issue import ENTROPY, entropy, issue
from gatepass.server.tokens.opaque import decode
from gatepass.wire.credential import Mode
from gatepass.wire.scope import Scope
from server.tokens.samples import API, CACHED, NOW, THEN

ISSUER = "http://localhost:8000"
KEY = OpaqueTokenKey(Mode.LIVE, 1, b"k" * 32)
KEYS = Keyring(KEY, {1: KEY}, {}, {}, b"", THEN, 0.0)
GRANT = Grant(Scope(("write", "read")), (API,), 7200, "opaque")


@pytest.mark.spec("RFC 6749", "5.1")
def test_the_token_says_who_when_how_long_and_what_for() -> None:
    issued = issue(CACHED, GRANT, KEYS, ISSUER, NOW * 1000 + 999, bytes(ENTROPY))

    assert (issued.expires_in, issued.scope) == (7200, "write read")
    assert decode(issued.access_token, {1: KEY}) == Claims(
        UUID(int=7).bytes, bytes(16), NOW * 1000 + 999, 7200, "write read", (API,)
    )


def test_applications_that_share_a_grant_have_tokens_of_their_own() -> None:
    other = replace(CACHED, client_id="gpc_live_other", id_bytes=UUID(int=17).bytes)
    issued = [
        issue(each, GRANT, KEYS, ISSUER, NOW * 1000, bytes(ENTROPY)) for each in (CACHED, other)
    ]
    claims = [decode(each.access_token, {1: KEY}) for each in issued]

    assert [each and each.application for each in claims] == [CACHED.id_bytes, other.id_bytes]


@pytest.mark.spec("RFC 6749", "5.1")
@given(st.integers(NOW * 1000, 2**41))
def test_the_lifetime_told_and_the_expiry_sealed_agree_within_a_second(now_ms: int) -> None:
    issued = issue(CACHED, GRANT, KEYS, ISSUER, now_ms, bytes(ENTROPY))
    claims = decode(issued.access_token, {1: KEY})

    assert claims is not None
    assert 0 <= now_ms / 1000 + issued.expires_in - claims.expires_at < 1


@pytest.mark.spec("RFC 6749", "10.10")
def test_the_random_part_has_128_bits_and_tells_tokens_apart() -> None:
    one = issue(CACHED, GRANT, KEYS, ISSUER, NOW * 1000, bytes(ENTROPY)).access_token
    other = issue(
        CACHED, GRANT, KEYS, ISSUER, NOW * 1000, bytes(ENTROPY - 1) + b"\x01"
    ).access_token

    assert ENTROPY * 8 == 128
    assert one != other


@pytest.mark.spec("RFC 6749", "10.10")
def test_random_bits_are_never_given_twice() -> None:
    drawn = [*islice(entropy(), 2000), *islice(entropy(), 2000)]

    assert {len(each) for each in drawn} == {ENTROPY}
    assert len(set(drawn)) == 4000
