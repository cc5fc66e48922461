"""Where a request may have a token, and the content of a challenge."""

import re
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.wire import bearer
from gatepass.wire.errors import STATUS, OAuthError
from gatepass.wire.params import LONGEST_TOKEN
from gatepass.wire.scope import Scope

TOKEN68 = st.from_regex(r"[A-Za-z0-9._~+/-]{1,60}={0,2}", fullmatch=True)


@pytest.mark.spec("RFC 6750", "2.1")
@pytest.mark.parametrize(
    "header",
    ["Bearer t0k.e-n_~+/==", "bearer t0k.e-n_~+/==", "BEARER    t0k.e-n_~+/==  "],
)
def test_a_token_is_read_from_the_header_in_any_case_and_spacing(header: str) -> None:
    token = bearer.read([header])

    assert token is not None
    assert token.value == "t0k.e-n_~+/=="


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize(
    "headers", [[], [""], ["Basic YTpi"], ["Bearertoken"], ["DPoP abc"], ["Bearers abc"]]
)
def test_a_request_without_bearer_credentials_has_no_token(headers: list[str]) -> None:
    assert bearer.read(headers) is None


@pytest.mark.spec("RFC 6750", "3.1")
@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer =",
        "Bearer a=b",
        'Bearer "abc"',
        "Bearer a\tb",
        "Bearer \tab",
        "Bearer a\x00b",
        "Bearer a\nb",
        "Bearer abc\n",
        "Bearer tök",
        "Bearer １２３",  # noqa: RUF001 - digits, but not ASCII ones
        "Bearer a%20b",
        "Bearer " + "a" * (LONGEST_TOKEN + 1),
    ],
)
def test_credentials_that_cannot_be_a_token_are_an_invalid_token(header: str) -> None:
    with pytest.raises(OAuthError) as refused:
        bearer.read([header])

    assert (refused.value.status, refused.value.code) == (401, "invalid_token")


def test_the_longest_token_is_still_read() -> None:
    assert bearer.read(["Bearer " + "a" * LONGEST_TOKEN]) is not None


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize(
    "headers",
    [
        ["Bearer abc", "Bearer abc"],
        ["Bearer abc", "Basic YTpi"],
        ["", "Bearer abc"],
        ["Bearer abc, Bearer def"],
        ["Bearer abc,Basic YTpi"],
    ],
)
def test_more_than_one_authorization_header_is_an_invalid_request(headers: list[str]) -> None:
    with pytest.raises(OAuthError) as refused:
        bearer.read(headers)

    assert (refused.value.status, refused.value.code) == (400, "invalid_request")


@pytest.mark.spec("RFC 6750", "2")
@pytest.mark.parametrize("headers", [[], ["Bearer abc"], ["Basic YTpi"]])
@pytest.mark.parametrize("place", ["query", "form"])
@pytest.mark.parametrize(
    "parameters",
    [
        "access_token=s3cr3t",
        "a=b&access_token=s3cr3t",
        "access_token",
        "access_token=",
        "access%5Ftoken=s3cr3t",
        "%61ccess_token=s3cr3t&access_token=s3cr3t",
    ],
)
def test_a_token_in_the_url_or_the_body_is_an_invalid_request_with_or_without_the_header(
    headers: list[str], place: str, parameters: str
) -> None:
    with pytest.raises(OAuthError) as refused:
        bearer.read(headers, **{place: parameters})

    assert (refused.value.status, refused.value.code) == (400, "invalid_request")
    assert "Authorization header" in refused.value.description
    assert (
        "s3cr3t" not in f"{refused.value!r} {refused.value.description} {refused.value.log_detail}"
    )


@pytest.mark.spec("RFC 6750", "2")
@given(st.lists(st.sampled_from(["{}", "%{:02x}", "%{:02X}"]), min_size=12, max_size=12), st.text())
def test_however_its_name_is_encoded_a_token_in_the_url_is_seen(
    spellings: list[str], value: str
) -> None:
    name = "".join(
        spelling.format(each if spelling == "{}" else ord(each))
        for spelling, each in zip(spellings, "access_token", strict=True)
    )

    assert bearer.is_misplaced(f"a=b&{name}={value}")


@pytest.mark.parametrize(
    "name", ["ACCESS_TOKEN", "access+token", "access_token%", "access_token\n", "%2561ccess_token"]
)
def test_a_name_that_is_only_like_it_is_another(name: str) -> None:
    assert not bearer.is_misplaced(f"{name}=1")
    assert not bearer.is_misplaced(f"%20={name}")


@pytest.mark.parametrize("query", ["", "&&", "token=1", "my_access_token=1", "a=access_token", "%"])
def test_other_parameters_are_nobodys_business(query: str) -> None:
    assert bearer.read(["Bearer abc"], query, query) is not None


@given(TOKEN68)
def test_whatever_is_a_token68_comes_out_as_it_went_in(text: str) -> None:
    token = bearer.read([f"Bearer {text}"])

    assert token is not None
    assert token.value == text


@given(st.lists(st.text() | TOKEN68.map("Bearer {}".format), max_size=3), st.text(), st.text())
def test_anything_is_a_token_or_nothing_or_refused(
    headers: list[str], query: str, form: str
) -> None:
    try:
        token = bearer.read(headers, query, form)
        outcome = f"token {token.value}" if token else "none"
    except OAuthError as refused:
        outcome = refused.code

    assert re.fullmatch(r"token [A-Za-z0-9._~+/-]+=*|none|invalid_(request|token)", outcome)


@pytest.mark.spec("OAuth 2.1", "5.1")
@given(TOKEN68, st.dictionaries(st.text(), st.text(), max_size=4))
def test_no_query_that_names_an_access_token_ever_authenticates(
    text: str, others: dict[str, str]
) -> None:
    query = urlencode(others | {"access_token": text})

    with pytest.raises(OAuthError):
        bearer.read([f"Bearer {text}"], query)


@given(st.text())
def test_a_refusal_never_repeats_what_was_sent(text: str) -> None:
    canary = "c4n4ry"
    with pytest.raises(OAuthError) as refused:
        bearer.read([f"Bearer {canary} {text} {canary}"])

    assert canary not in f"{refused.value!r} {refused.value.description} {refused.value.log_detail}"


@pytest.mark.spec("RFC 6750", "3.1")
def test_the_challenge_to_a_request_without_credentials_has_no_error_code() -> None:
    assert bearer.challenge(None, scope=Scope(("read",))) == "Bearer"
    assert bearer.challenge(None, realm="meters") == 'Bearer realm="meters"'


@pytest.mark.spec("RFC 6750", "3.1")
def test_the_challenge_names_the_error_and_the_scope_that_is_needed() -> None:
    refused = OAuthError("insufficient_scope", "It needs more.")

    assert bearer.challenge(refused, realm="m", scope=Scope(("read", "write"))) == (
        'Bearer realm="m", error="insufficient_scope", error_description="It needs more.", '
        'scope="read write"'
    )


@pytest.mark.spec("RFC 6750", "3")
def test_the_scope_stands_in_the_challenge_only_where_it_was_missing() -> None:
    challenge = bearer.challenge(OAuthError("invalid_token", "No."), scope=Scope(("read",)))

    assert challenge == 'Bearer error="invalid_token", error_description="No."'
    assert "scope=" not in bearer.challenge(OAuthError("insufficient_scope", "No."))


@pytest.mark.spec("RFC 9728", "5.1")
@pytest.mark.parametrize("refused", [None, OAuthError("invalid_token", "No.")])
def test_the_challenge_says_where_the_resource_describes_itself(refused: OAuthError | None) -> None:
    where = "https://api.example.com/.well-known/oauth-protected-resource"

    assert f'resource_metadata="{where}"' in bearer.challenge(refused, resource_metadata=where)


@pytest.mark.spec("RFC 6750", "3")
@given(st.sampled_from(sorted(STATUS)), st.text(), st.text(), st.text())
def test_a_challenge_is_one_line_of_legal_quoted_strings_each_named_once(
    code: str, say: str, realm: str, where: str
) -> None:
    written = bearer.challenge(OAuthError(code, say), realm=realm, resource_metadata=where)

    quoted = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'
    assert re.fullmatch(rf"Bearer(?: \w+={quoted}(?:, \w+={quoted})*)?", written)
    names = re.findall(rf"(\w+)={quoted}", written)
    assert len(names) == len(set(names))


def test_a_code_that_is_none_of_bearers_is_not_told_in_the_challenge() -> None:
    assert bearer.challenge(OAuthError("invalid_client", "Who?")) == "Bearer"
