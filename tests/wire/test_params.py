"""Form and JSON parameters: limits, encodings, repeats."""

import json
from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepass.wire.errors import OAuthError
from gatepass.wire.params import (
    LONGEST_BODY,
    LONGEST_VALUE,
    MOST,
    Params,
    decode,
    read_form,
    read_json,
)
from wire.samples import octets

PLAIN = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=50)
NAMES = PLAIN.filter(lambda name: name != "resource")


@pytest.mark.spec("RFC 6749", "4.4.2")
def test_a_form_is_read() -> None:
    params = read_form(b"grant_type=client_credentials&scope=read+write&client_id=a%26b%3D%C3%A4")

    assert params.values == {
        "grant_type": "client_credentials",
        "scope": "read write",
        "client_id": "a&b=\u00e4",
    }
    assert (params.get("scope"), params.get("none")) == ("read write", None)


@given(st.dictionaries(NAMES, PLAIN.filter(bool), max_size=20), st.lists(PLAIN.filter(bool)))
def test_what_a_client_encodes_comes_out_the_same(values: dict[str, str], more: list[str]) -> None:
    pairs = [*values.items(), *[("resource", one) for one in more]]
    if len(pairs) <= MOST:
        assert read_form(urlencode(pairs).encode()) == Params(values, tuple(more))


@given(st.dictionaries(NAMES, PLAIN.filter(bool), max_size=20))
def test_json_and_form_say_the_same(values: dict[str, str]) -> None:
    for as_ascii in (True, False):
        body = json.dumps(values, ensure_ascii=as_ascii).encode()
        assert read_json(body) == read_form(urlencode(values).encode()) == Params(values)


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("body", [b"scope=", b"scope", b"", b"&&", b"=", b"=x"])
def test_a_parameter_without_a_value_is_as_good_as_none(body: bytes) -> None:
    assert read_form(body).get("scope") is None


@pytest.mark.spec("RFC 6749", "3.2")
def test_an_empty_json_value_is_as_good_as_none() -> None:
    assert read_json(b'{"scope": "", "resource": "", "a": "b"}') == Params({"a": "b"})


@pytest.mark.spec("RFC 8707", "2")
def test_resource_alone_may_repeat_and_keeps_its_order() -> None:
    params = read_form(b"resource=https://b/&resource=https://a/&resource=&resource=https://b/")

    assert params.resource == ("https://b/", "https://a/", "https://b/")


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("body", octets("malformed_forms").values(), ids=octets("malformed_forms"))
def test_a_malformed_form_is_refused(body: bytes) -> None:
    assert refusal_of_form(body).code == "invalid_request"


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("body", octets("malformed_json").values(), ids=octets("malformed_json"))
def test_malformed_json_is_refused(body: bytes) -> None:
    assert refusal_of_json(body).code == "invalid_request"


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":['])
def test_deeply_nested_json_is_refused(opening: bytes) -> None:
    assert refusal_of_json(opening * (LONGEST_BODY // len(opening))).code == "invalid_request"


@pytest.mark.parametrize("count", [MOST + 1, 10_000])
def test_more_than_the_most_parameters_are_refused(count: int) -> None:
    form = b"&".join(b"p%d=v" % number for number in range(count))
    resources = b"&".join([b"resource=https://a/"] * count)
    members = json.dumps({f"p{number}": "v" for number in range(count)}).encode()

    assert "more than 100" in refusal_of_form(form).description
    assert "more than 100" in refusal_of_form(resources).description
    assert "more than 100" in refusal_of_json(members).description


def test_the_most_parameters_are_read() -> None:
    form = b"&".join(b"p%d=v" % number for number in range(MOST))

    assert len(read_form(form).values) == MOST


def test_a_flood_of_separators_hides_no_parameter() -> None:
    assert "more than 100" in refusal_of_form(b"&" * 101 + b"scope=read&scope=write").description


@pytest.mark.parametrize("char", ["x", "\u00e4", "\u20ac", "\U0001f600"])
def test_names_and_values_are_bounded_in_bytes(char: str) -> None:
    fits = char * (LONGEST_VALUE // len(char.encode()))

    for text in (fits, fits + char):
        for pair in ({"a": text}, {text: "a"}):
            form, members = urlencode(pair).encode(), json.dumps(pair).encode()
            if text == fits:
                assert read_form(form) == read_json(members) == Params(pair)
            else:
                assert "longer than" in refusal_of_form(form).description
                assert "longer than" in refusal_of_json(members).description


def test_line_breaks_and_tabs_pass_where_a_page_allows_them_and_other_controls_do_not() -> None:
    assert read_form(b"a=b%0d%0ac%09", multiline=True).get("a") == "b\r\nc\t"
    for control in (b"%00", b"%0b", b"%1f", b"%7f"):
        with pytest.raises(OAuthError):
            read_form(b"a=" + control, multiline=True)


@given(st.binary(max_size=300))
@example(b"a=%f0%9f%98%80&b=\xf0\x9f\x98\x80")
def test_no_form_whatever_raises_anything_but_refused(body: bytes) -> None:
    with suppress(OAuthError):
        params = read_form(body)
        assert all(params.values.values())


@given(st.binary(max_size=300) | st.text().map(lambda text: json.dumps({text: text}).encode()))
def test_no_json_whatever_raises_anything_but_refused(body: bytes) -> None:
    with suppress(OAuthError):
        params = read_json(body)
        assert all(params.values.values())


@given(st.binary(max_size=100))
def test_decoding_gives_text_or_refuses(text: bytes) -> None:
    with suppress(OAuthError):
        assert len(decode(text).encode()) <= len(text)


def refusal_of_form(body: bytes) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        read_form(body)
    return caught.value


def refusal_of_json(body: bytes) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        read_json(body)
    return caught.value
