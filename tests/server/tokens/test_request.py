"""From headers and body to a token request, or a refusal."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass.server.tokens.request import PresentedCredentials, TokenRequest, parse
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.tokens.samples import FORM, JSON, make_request
from wire.samples import octets

FORM_TYPES = (
    FORM,
    FORM + b";charset=UTF-8",
    FORM + b"; charset=utf-8",
    b"Application/X-WWW-Form-URLencoded",
)
OTHER_TYPES = (
    None,
    b"",
    b"text/plain",
    b"multipart/form-data; boundary=x",
    b"application/jsonp",
    b"application/x-www-form-urlencoded2",
    b"x application/json",
    b"application/json, text/plain",
    b"\xff\xfe",
)

# More than one space after the scheme is tolerated.
MALFORMED_BASIC = {
    name: text for name, text in octets("malformed_basic").items() if name != "leading space"
}


def basic(joined: bytes, scheme: bytes = b"Basic ") -> bytes:
    return scheme + b64encode(joined)


def refusal(
    body: bytes = b"",
    content_type: bytes | None = FORM,
    query: bytes = b"",
    authorization: bytes | None = None,
) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        parse(make_request(body, content_type, query, authorization))
    return caught.value


@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.parametrize("content_type", FORM_TYPES)
def test_a_form_is_read_with_and_without_charset(content_type: bytes) -> None:
    asked = parse(make_request(b"grant_type=client_credentials&scope=read+write", content_type))

    assert (asked.grant_type, asked.scope) == ("client_credentials", "read write")


@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.parametrize("content_type", [JSON, JSON + b"; charset=utf-8", b"APPLICATION/JSON"])
def test_a_json_object_says_the_same_as_a_form(content_type: bytes) -> None:
    in_form = b"grant_type=client_credentials&client_id=me&client_secret=s&resource=https://a"
    in_json = (
        b'{"grant_type": "client_credentials", "client_id": "me", "client_secret": "s",'
        b' "resource": "https://a"}'
    )

    assert parse(make_request(in_json, content_type)) == parse(make_request(in_form))


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("content_type", OTHER_TYPES)
def test_a_body_of_another_kind_is_refused_with_415(content_type: bytes | None) -> None:
    caught = refusal(b"grant_type=client_credentials", content_type)

    assert (caught.code, caught.status) == ("invalid_request", 415)


def test_a_request_without_a_body_needs_no_media_type() -> None:
    nothing = TokenRequest(PresentedCredentials("", None), None, None, ())

    assert parse(make_request(content_type=None)) == nothing


@pytest.mark.spec("RFC 6749", "3.2")
def test_parameters_without_a_value_are_left_out() -> None:
    asked = parse(make_request(b"scope=&grant_type=&client_id=&client_secret=&code=&resource="))

    assert asked == TokenRequest(PresentedCredentials("", None), None, None, ())


@pytest.mark.spec("RFC 6749", "3.2")
def test_unknown_parameters_and_an_innocent_query_change_nothing() -> None:
    plain = parse(make_request(b"grant_type=client_credentials"))

    assert parse(make_request(b"colour=blue&grant_type=client_credentials&%C3%A4=1")) == plain
    assert (
        parse(make_request(b"grant_type=client_credentials", query=b"grant_type=x&scope=y"))
        == plain
    )


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize(
    "query",
    [
        b"client_secret=s3cret",
        b"grant_type=client_credentials&client_secret=s3cret",
        b"token=s3cret",
        b"access_token=s3cret",
        b"client%5Fsecret=s3cret",
        b"client_assertion=s3cret",
        b"client_secret",
        b"x=gps_live_s3cret",
        b"x=gpa_test_s3cret",
        b"gps_live_s3cret",
        b"%=",
        b"%ff=1",
    ],
)
def test_a_secret_in_the_query_is_refused_and_not_repeated(query: bytes) -> None:
    caught = refusal(query=query)

    assert (caught.code, caught.status) == ("invalid_request", 400)
    assert "s3cret" not in f"{caught} {caught.description} {caught.log_detail}"


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("scheme", [b"Basic ", b"basic ", b"BASIC ", b"bAsIc ", b"Basic    "])
def test_basic_is_known_in_any_case_and_with_any_number_of_spaces(scheme: bytes) -> None:
    asked = parse(make_request(authorization=basic(b"me:s", scheme)))

    assert asked.credentials == PresentedCredentials("me", Secret("s"))


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_body_may_carry_the_credentials() -> None:
    asked = parse(make_request(b"client_id=a%20%25%26%2B&client_secret=%3A+b"))

    assert asked.credentials == PresentedCredentials("a %&+", Secret(": b"))


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("credentials", MALFORMED_BASIC.values(), ids=MALFORMED_BASIC)
def test_malformed_basic_is_refused(credentials: bytes) -> None:
    caught = refusal(authorization=b"Basic " + credentials)

    assert (caught.code, caught.status) == ("invalid_request", 400)


@pytest.mark.parametrize("authorization", [b"", b"Bearer x", b"Digest a=b", b"\xff\xfe", b"Basi c"])
def test_another_scheme_than_basic_is_no_client_authentication(authorization: bytes) -> None:
    caught = refusal(authorization=authorization)

    assert (caught.code, caught.status) == ("invalid_client", 401)


@pytest.mark.spec("RFC 6749", "2.3")
@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        (b"client_secret=s", basic(b"me:s")),
        (b"client_id=me&client_secret=s", basic(b"me:s")),
        (b"client_id=me&client_secret=s&client_assertion=j", None),
        (b"client_assertion=j", basic(b"me:s")),
        (b"client_assertion_type=t", basic(b"me:s")),
    ],
)
def test_two_ways_of_authentication_at_once_are_refused(
    body: bytes, authorization: bytes | None
) -> None:
    caught = refusal(body, authorization=authorization)

    assert (caught.code, caught.status) == ("invalid_request", 400)


@pytest.mark.spec("RFC 6749", "2.3")
def test_an_assertion_of_an_unknown_type_is_refused() -> None:
    caught = refusal(b"client_id=me&client_assertion=j&client_assertion_type=t")

    assert (caught.code, caught.status) == ("invalid_client", 401)


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_basic_may_be_accompanied_by_the_same_client_id_and_no_other() -> None:
    same = parse(make_request(b"client_id=me", authorization=basic(b"me:s")))

    assert same.credentials.client_id == "me"
    assert refusal(b"client_id=you", authorization=basic(b"me:s")).code == "invalid_request"


@pytest.mark.spec("RFC 8707", "2")
def test_resource_alone_may_repeat() -> None:
    assert parse(make_request(b"resource=https://a&resource=https://b")).resource == (
        "https://a",
        "https://b",
    )


@pytest.mark.spec("RFC 6749", "5.2")
@given(
    st.binary(max_size=300),
    st.sampled_from([*FORM_TYPES, JSON, *OTHER_TYPES]),
    st.binary(max_size=50),
    st.none() | st.binary(max_size=50) | st.binary(max_size=50).map(basic),
)
@example(b"%", FORM, b"", None)
@example(b"[" * 300, JSON, b"", None)
@example(b'{"a":' * 60, JSON, b"", None)
def test_no_bytes_whatever_make_it_raise_anything_but_refused(
    body: bytes, content_type: bytes | None, query: bytes, authorization: bytes | None
) -> None:
    with suppress(OAuthError):
        asked = parse(make_request(body, content_type, query, authorization))

        assert isinstance(asked.credentials.client_id, str)
