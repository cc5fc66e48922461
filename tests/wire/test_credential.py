"""Credentials that say what they are, and the base62 they are written in."""

import string
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire import base62
from gatepass.wire.credential import Credential, Kind, Mode, Prefix, mint, read, write

DIGITS = string.digits + string.ascii_letters
CONTENTS = st.binary(min_size=1, max_size=64)
SAMPLE = mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(range(32)))


@given(st.binary(max_size=64) | st.text("Z+/0=", max_size=64).map(str.encode))
def test_base62_gives_back_what_it_was_given(data: bytes) -> None:
    text = base62.encode(data)

    assert base62.decode(text) == data
    assert set(text) <= set(DIGITS)


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "AB",
        "AAAAA",
        "ZZ",
        "Z",
        "Z3AA",
        "AAAZ",
        "AA==",
        "AAA=",
        "AA A",
        "A-AA",
        "AAAA\n",
        "A+AA",
        "AA/A",
        "\u0660\u0660\u0660",
        "\ud800",
    ],
)
def test_base62_takes_only_what_it_could_have_made(text: str) -> None:
    with pytest.raises(ValueError, match=r"\A"):
        base62.decode(text)


@given(st.text(max_size=30) | st.text(DIGITS, max_size=30))
def test_no_text_decodes_to_what_encodes_otherwise(text: str) -> None:
    try:
        data = base62.decode(text)
    except ValueError:
        return
    assert base62.encode(data) == text


def beginning(prefix: str) -> str:
    return write(Prefix(prefix, crc32(prefix.encode())), b"12")


@given(st.sampled_from(Kind), st.sampled_from(Mode), CONTENTS)
def test_a_credential_says_what_it_is(kind: Kind, mode: Mode, content: bytes) -> None:
    text = mint(kind, mode, content)

    assert text.startswith(f"{kind.value}_{mode.value}_")
    assert text == write(Prefix.of(kind, mode), content)
    assert read(text) == Credential(kind, mode, content)


@pytest.mark.parametrize("position", range(len(SAMPLE)))
def test_a_credential_with_one_character_changed_is_none(position: int) -> None:
    before, after = SAMPLE[:position], SAMPLE[position + 1 :]

    for char in string.printable:
        if char != SAMPLE[position]:
            assert read(before + char + after) is None


@pytest.mark.parametrize("length", range(len(SAMPLE)))
def test_a_credential_cut_short_is_none(length: int) -> None:
    assert read(SAMPLE[:length]) is None
    assert read(SAMPLE[len(SAMPLE) - length :]) is None


@pytest.mark.parametrize("more", [*DIGITS, "000", "\n", " ", "=", "\0", SAMPLE])
def test_a_credential_with_something_added_is_none(more: str) -> None:
    assert read(SAMPLE + more) is None
    assert read(more + SAMPLE) is None


@pytest.mark.parametrize("changed", [SAMPLE.upper(), SAMPLE.lower(), SAMPLE.swapcase()])
def test_a_credential_in_another_case_is_none(changed: str) -> None:
    assert read(changed) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gps_live_",
        mint(Kind.CLIENT_SECRET, Mode.LIVE, b""),
        beginning("gpx_live_"),
        beginning("gps_prod_"),
        SAMPLE.replace("_live_", "_test_"),
        mint(Kind.CLIENT_SECRET, Mode.LIVE, bytes(4000)),
        "gps_live_" + "0" * 1_000_000,
    ],
)
def test_other_texts_are_no_credentials(text: str) -> None:
    assert read(text) is None


@given(st.text(max_size=100) | st.from_regex(r"gp[csa]_(live|test)_[0-9A-Za-z]+", fullmatch=True))
def test_no_text_whatever_raises_and_chance_makes_no_credential(text: str) -> None:
    assert read(text) is None
