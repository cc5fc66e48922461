"""Sealed tokens: what `seal` made is read back, and nothing else is a token."""

from uuid import UUID
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.jose import base64url
from gatepass.jose.confirmation import Confirmation
from gatepass.server.domain.keys.opaque_token_key import OpaqueTokenKey
from gatepass.server.tokens.claims import Claims
from gatepass.server.tokens.opaque import decode, encode
from gatepass.wire import base62, credential
from gatepass.wire.credential import Kind, Mode, Prefix

KEY = OpaqueTokenKey(Mode.LIVE, 1, b"k" * 32)
KEYS = {1: KEY}
CLAIMS = Claims(
    UUID(int=7).bytes,
    bytes(range(16)),
    1_800_000_000_123,
    36000,
    "read write",
    ("https://api.example/",),
)
TOKEN = encode(CLAIMS, KEY)
PREFIX, TEXT = TOKEN[:9], TOKEN[9:]

scope_tokens = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\'), min_size=1
)
digests = st.binary(min_size=32, max_size=32).map(base64url.encode)
confirmations = st.none() | (
    st.tuples(st.none() | digests, st.none() | digests).filter(any).map(Confirmation._make)
)
all_claims = st.builds(
    Claims,
    application=st.binary(min_size=16, max_size=16),
    token_id=st.binary(min_size=16, max_size=16),
    issued_ms=st.integers(0, 2**64 - 1),
    lifetime=st.integers(0, 2**32 - 1),
    scope=st.lists(scope_tokens, max_size=5).map(" ".join),
    audience=st.lists(scope_tokens, max_size=3).map(tuple),
    confirmation=confirmations,
)


def resealed(content: bytes) -> str:
    """Write content with a right checksum, as anybody can."""
    return credential.mint(Kind.ACCESS_TOKEN, Mode.LIVE, content)


@pytest.mark.spec("RFC 7662", "2.2")
@given(all_claims, st.integers(0, 2**16 - 1), st.sampled_from(Mode), st.binary(min_size=1))
def test_what_was_sealed_is_read_back(claims: Claims, key_id: int, mode: Mode, raw: bytes) -> None:
    key = OpaqueTokenKey(mode, key_id, raw)
    token = encode(claims, key)

    assert decode(token, {key_id: key}) == claims
    assert token.isascii()
    assert token.replace("_", "").isalnum()
    assert token.startswith(f"gpa_{mode}_")


def test_issue_and_expiry_are_told_in_whole_seconds() -> None:
    assert (CLAIMS.issued_at, CLAIMS.expires_at) == (1_800_000_000, 1_800_036_000)


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_cut_anywhere_is_none() -> None:
    assert not any(decode(TOKEN[:size], KEYS) for size in range(len(TOKEN)))
    assert not any(decode(TOKEN[at:], KEYS) for at in range(1, len(TOKEN)))


@pytest.mark.spec("RFC 7662", "4")
@given(st.text(min_size=1, max_size=5) | st.sampled_from(["=", " ", "\n", "0", "000", TOKEN]))
def test_an_extended_token_is_none(more: str) -> None:
    assert decode(TOKEN + more, KEYS) is None
    assert decode(more + TOKEN, KEYS) is None
    assert decode(PREFIX + more + TEXT, KEYS) is None


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_with_any_one_bit_changed_is_none_even_under_a_right_checksum() -> None:
    content = base62.decode(TEXT)[:-4]
    for at in range(len(content) * 8):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8

        assert decode(resealed(bytes(changed)), KEYS) is None

    assert decode(resealed(content), KEYS) == CLAIMS


@pytest.mark.spec("RFC 7662", "4")
def test_a_token_with_any_one_character_changed_is_none() -> None:
    for at, char in enumerate(TOKEN):
        for other in {char.swapcase(), "0", "z", "_", "-", " ", "\u00e9"} - {char}:
            assert decode(TOKEN[:at] + other + TOKEN[at + 1 :], KEYS) is None


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize(
    "text",
    [
        TOKEN.lower(),
        TOKEN.upper(),
        TOKEN.swapcase(),
        PREFIX.upper() + TEXT,
        TOKEN.encode("utf-16").decode("latin-1"),
        PREFIX + base62.decode(TEXT).hex(),
        TOKEN.replace("_", "%5F"),
        " " + TOKEN,
        TOKEN + "\n",
        f'"{TOKEN}"',
        f"Bearer {TOKEN}",
        PREFIX,
        "",
        PREFIX * 2000,
    ],
)
def test_a_token_written_another_way_is_none(text: str) -> None:
    assert decode(text, KEYS) is None


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize("prefix", ["gpa_test_", "gps_live_", "gpc_live_"])
def test_a_token_under_another_prefix_is_none(prefix: str) -> None:
    content = base62.decode(TEXT)[:-4]

    assert decode(prefix + TEXT, KEYS) is None
    assert decode(credential.write(Prefix(prefix, crc32(prefix.encode())), content), KEYS) is None


@pytest.mark.spec("RFC 7662", "4")
@given(all_claims, st.integers(2, 100))
def test_parts_of_two_tokens_make_none(other: Claims, at: int) -> None:
    mine, theirs = base62.decode(TEXT)[:-4], base62.decode(encode(other, KEY)[9:])[:-4]
    cut = at - at % 2
    swapped = mine[:cut] + theirs[cut:]

    if swapped not in (mine, theirs):
        assert decode(resealed(swapped), KEYS) is None
    assert decode(resealed(mine[:-16] + theirs[-16:]), KEYS) is None or other == CLAIMS


@pytest.mark.spec("RFC 7662", "2.2")
def test_a_token_of_another_key_or_environment_is_none() -> None:
    test = OpaqueTokenKey(Mode.TEST, 1, b"k" * 32)

    assert decode(TOKEN, {1: OpaqueTokenKey(Mode.LIVE, 1, b"j" * 32)}) is None
    assert decode(TOKEN, {2: OpaqueTokenKey(Mode.LIVE, 2, b"k" * 32)}) is None
    assert decode(TOKEN, {}) is None
    assert decode(TOKEN, {1: test}) is None
    assert decode(encode(CLAIMS, test), KEYS) is None


def test_an_older_key_still_reads_its_tokens() -> None:
    newer = OpaqueTokenKey(Mode.LIVE, 2, b"n" * 32)

    assert decode(TOKEN, {1: KEY, 2: newer}) == CLAIMS
    assert decode(encode(CLAIMS, newer), {1: KEY, 2: newer}) == CLAIMS


def test_another_version_is_none_though_sealed_with_the_right_key() -> None:
    content = bytearray(base62.decode(TEXT)[:-20])
    content[0] = 3

    assert decode(resealed(bytes(content) + KEY.tag(bytes(content))), KEYS) is None


@pytest.mark.spec("RFC 9449", "6")
@given(all_claims)
def test_a_bound_token_has_a_version_that_earlier_servers_refuse(claims: Claims) -> None:
    version = base62.decode(encode(claims, KEY)[9:])[0]

    assert version == (1 if claims.confirmation is None else 2)


@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize("size", range(2, 48, 2))
def test_short_content_is_none_though_sealed_with_the_right_key(size: int) -> None:
    content = bytes([1]) + bytes(size - 1)
    whole = decode(resealed(content + KEY.tag(content)), {0: KEY})

    assert whole is None


@given(
    st.text(max_size=200)
    | st.binary(min_size=2, max_size=200).map(lambda raw: raw[: len(raw) // 2 * 2]).map(resealed)
)
def test_nothing_that_was_not_sealed_is_a_token_and_nothing_raises(text: str) -> None:
    assert decode(text, KEYS) is None


@pytest.mark.spec("RFC 6749", "5.1")
def test_the_length_is_bounded_and_the_checksum_is_one() -> None:
    content = base62.decode(TEXT)

    assert len(TOKEN) < 250
    assert crc32(content[:-4], crc32(PREFIX.encode())).to_bytes(4, "big") == content[-4:]
    assert credential.read(TOKEN) == credential.Credential(
        Kind.ACCESS_TOKEN, Mode.LIVE, content[:-4]
    )
