"""A token or a refusal becomes an HTTP response."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.server.http import Response
from gatepass.server.tokens.issue import IssuedToken
from gatepass.server.tokens.response import error_response, json_response, token_response
from gatepass.wire.errors import STATUS, OAuthError

REALM = "http://localhost:8000"
SAYABLE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


def answer(refused: OAuthError, *, challenged: bool = True) -> Response:
    return error_response(refused, challenged=challenged, realm=REALM)


@pytest.mark.spec("RFC 6749", "5.1")
def test_a_token_is_json_with_the_four_members_and_no_refresh_token() -> None:
    given = token_response(IssuedToken("gpa_live_x", 36000, "read write"))

    assert given.status == 200
    assert json.loads(given.body) == {
        "access_token": "gpa_live_x",
        "expires_in": 36000,
        "token_type": "Bearer",
        "scope": "read write",
    }


@pytest.mark.spec("RFC 6749", "5.1")
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\')))
def test_any_scope_that_there_can_be_makes_valid_json(scope: str) -> None:
    body = token_response(IssuedToken("gpa_live_x", 60, scope)).body

    assert json.loads(body)["scope"] == scope


@pytest.mark.spec("RFC 6749", "5.1")
@pytest.mark.parametrize(
    "given",
    [
        token_response(IssuedToken("gpa_live_x", 60, "read")),
        json_response({"active": False}),
        answer(OAuthError("invalid_client", "No.")),
        answer(OAuthError("temporarily_unavailable", "Later.", retry_after=5)),
    ],
)
def test_nobody_may_keep_an_answer_or_take_it_for_a_page(given: Response) -> None:
    headers = dict(given.headers)

    assert headers[b"content-type"] == b"application/json"
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"pragma"] == b"no-cache"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert len(headers) == len(given.headers)


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("code", STATUS)
def test_a_401_alone_names_the_basic_scheme_where_it_should(code: str) -> None:
    challenge = (b"www-authenticate", b'Basic realm="http://localhost:8000"')

    assert (challenge in answer(OAuthError(code, "No.")).headers) == (STATUS[code] == 401)
    unchallenged = dict(answer(OAuthError(code, "No."), challenged=False).headers)
    assert b"www-authenticate" not in unchallenged


@pytest.mark.spec("RFC 9110", "15.5.6")
def test_a_405_names_the_method_that_is_allowed() -> None:
    given = answer(OAuthError("invalid_request", "Use POST.", status=405))

    assert (given.status, dict(given.headers)[b"allow"]) == (405, b"POST")


@pytest.mark.spec("RFC 6585", "4")
def test_a_refusal_that_passes_says_when_to_come_back() -> None:
    given = answer(OAuthError("temporarily_unavailable", "Later.", status=429, retry_after=60))

    assert (given.status, dict(given.headers)[b"retry-after"]) == (429, b"60")


@pytest.mark.spec("RFC 6749", "5.2")
@given(st.text(), st.sampled_from(sorted(STATUS)))
def test_a_description_never_leaves_its_alphabet_whatever_is_said(say: str, code: str) -> None:
    told = json.loads(answer(OAuthError(code, say)).body)

    assert told.keys() == {"error", "error_description"}
    assert told["error"] == code
    assert SAYABLE.fullmatch(told["error_description"])
