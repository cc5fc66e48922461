"""The token response, read with suspicion."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire.secret import Secret
from gatepass.wire.token_response import TokenResponse
from wire.samples import octets

MALFORMED = octets("malformed_token_responses")


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ({"expires_in": 36000}, 36000),
        ({"expires_in": "3600"}, 3600),
        ({"expires_in": 59.9}, 59),
        ({"expires_in": 1}, 1),
        ({"expires_in": "3600.0"}, 3600),
        ({"expires_in": "3.6e3"}, 3600),
        ({"expires_in": None}, None),
        ({}, None),
        ({"expires_in": 0}, None),
        ({"expires_in": -1}, None),
        ({"expires_in": 0.5}, None),
        ({"expires_in": "0"}, None),
        ({"expires_in": "-1"}, None),
        ({"expires_in": ""}, None),
        ({"expires_in": float("nan")}, None),
        ({"expires_in": float("inf")}, None),
        ({"expires_in": "1e999"}, None),
        ({"expires_in": 1e308}, 10**9),
        ({"expires_in": 10**400}, 10**9),
        ({"expires_in": "9" * 300}, 10**9),
    ],
)
def test_the_lifetime_is_read_as_servers_send_it(
    message: dict[str, object], seconds: int | None
) -> None:
    assert parse(**message).expires_in == seconds


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize(
    "kind", ["Bearer", "bearer", "BEARER", "Bearer ", "BearerToken", "bearertoken", "", None]
)
def test_the_token_type_is_read_as_servers_send_it(kind: str | None) -> None:
    assert parse(token_type=kind).token_type == "Bearer"


def test_a_token_without_a_type_is_a_bearer_token() -> None:
    assert TokenResponse.parse(b'{"access_token": "t0ken"}').token_type == "Bearer"


def test_a_byte_order_mark_before_the_answer_is_passed_over() -> None:
    body = b'\xef\xbb\xbf{"access_token": "t0ken", "token_type": "Bearer"}'

    assert TokenResponse.parse(body).access_token == Secret("t0ken")


@pytest.mark.parametrize(
    "body", [b"access_token=t0ken&token_type=bearer", b"scope=a%20b&access_token=t0ken"]
)
def test_a_form_encoded_answer_is_named_as_such(body: bytes) -> None:
    with pytest.raises(ValueError, match="form-encoded"):
        TokenResponse.parse(body)


@pytest.mark.parametrize("scope", [None, "", "read write"])
def test_the_scope_is_read_where_there_is_one(scope: str | None) -> None:
    assert parse(scope=scope).scope == scope


@pytest.mark.parametrize(("names", "scope"), [(["read", "write"], "read write"), ([], "")])
def test_a_scope_that_is_a_list_of_names_is_read(names: list[str], scope: str) -> None:
    assert parse(scope=names).scope == scope


def test_members_that_nobody_knows_are_ignored() -> None:
    assert parse(more={"a": [1]}).access_token == Secret("t0ken")


def test_the_token_is_not_in_its_repr() -> None:
    assert "t0ken" not in repr(parse())


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_token_response_is_refused_without_quoting_it(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"is|not") as caught:
        TokenResponse.parse(body)

    assert len(str(caught.value)) < 80
    assert "X-Admin" not in str(caught.value)


def test_a_nesting_bomb_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON"):
        TokenResponse.parse(b'{"access_token":' * 50_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "access_token": st.just("t0ken") | JSON,
        "token_type": st.just("Bearer") | JSON,
        "expires_in": JSON,
        "scope": JSON,
    },
)


@given(st.binary(max_size=200) | MEMBERS.map(lambda message: json.dumps(message).encode()))
def test_no_answer_whatever_raises_anything_but_value_error(body: bytes) -> None:
    with suppress(ValueError):
        token = TokenResponse.parse(body)
        assert token.access_token.value.isascii()
        assert token.expires_in is None or 1 <= token.expires_in < 1e10


def parse(**message: object) -> TokenResponse:
    body = {"access_token": "t0ken", "token_type": "Bearer"} | message
    return TokenResponse.parse(json.dumps(body).encode())
