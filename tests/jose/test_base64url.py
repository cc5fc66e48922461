"""base64url has one text for each sequence of bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.jose.base64url import decode, encode


@pytest.mark.spec("RFC 7515", "2")
@given(st.binary(max_size=64))
def test_bytes_come_back(octets: bytes) -> None:
    assert decode(encode(octets)) == octets


@pytest.mark.spec("RFC 4648", "3.5")
@pytest.mark.parametrize("text", ["A", "AB", "AAB", "AA==", "AA=", "A+AA", "A/AA", "A AA", "é"])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever wording
        decode(text)
