"""The introspection flow and the memory of answers, without a network."""

import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.guard.issuer.client import LONGEST_RESPONSE
from gatepass.guard.issuer.credentials import Credentials
from gatepass.guard.verification.introspection_request import (
    IntrospectionCache,
    introspect,
)
from gatepass.wire import basic
from gatepass.wire.errors import OAuthError
from gatepass.wire.flow import Request, Response, run
from gatepass.wire.secret import Secret

TOKEN = "gpa_test_t0ken"
SECRET = "s3cr3t & more"
URL = "https://app.example.com/oauth2/introspect/"
JSON_TYPE = {"content-type": "application/json; charset=utf-8"}


def ask(response: Response) -> dict[str, object]:
    credentials = Credentials("meters:api", Secret(SECRET))
    return run(introspect(Secret(TOKEN), URL, credentials), lambda _request: response)


def _body(name: str, value: object) -> bytes:
    return json.dumps({name: value}).encode()


@pytest.mark.spec("RFC 7662", "2.1")
def test_the_question_is_a_form_sent_with_the_guards_own_credentials() -> None:
    sent: list[Request] = []

    def send(request: Request) -> Response:
        sent.append(request)
        return Response(200, JSON_TYPE, b'{"active": true}')

    run(introspect(Secret(TOKEN), URL, Credentials("meters:api", Secret(SECRET))), send)

    [request] = sent
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    assert (request.method, request.url, scheme) == ("POST", URL, "Basic")
    assert basic.read(credentials) == ("meters:api", Secret(SECRET))
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "token": [TOKEN],
        "token_type_hint": ["access_token"],
    }
    assert TOKEN not in repr(request)
    assert SECRET not in repr(request)


def test_only_the_members_a_principal_is_read_from_are_kept() -> None:
    answer = {"active": True, "exp": 5, "org_id": "7c9e", "username": "anna", "picture": "x" * 999}

    assert ask(Response(200, JSON_TYPE, json.dumps(answer).encode())) == {
        "active": True,
        "exp": 5,
        "org_id": "7c9e",
    }


@pytest.mark.spec("ASVS", "16.5.3")
@pytest.mark.parametrize(
    "response",
    [
        *[Response(status, JSON_TYPE, b'{"active": true}') for status in (201, 204, 302, 429, 503)],
        *[Response(status, JSON_TYPE, b'{"active": true}') for status in (400, 401, 403)],
        Response(200, {}, b'{"active": true}'),
        Response(200, {"content-type": "text/html"}, b'{"active": true}'),
        Response(200, {"content-type": "application/json5"}, b'{"active": true}'),
        *[
            Response(200, JSON_TYPE, body)
            for body in (
                b"",
                b"active",
                b"[true]",
                b"true",
                b"{}",
                b'{"active": "true"}',
                b'{"active": 1}',
                b'{"active": null}',
                b'{"active": false, "active": true}',
                b'{"active": true, "exp": NaN}',
                b'{"active": true, "exp": 1' + b"0" * 5000 + b"}",
                b'{"active": true, "scope": "\xff"}',
                b"\xff\xfe{\x00}\x00",
                b"[" * 20_000,
                b'{"active": true}' + b" " * LONGEST_RESPONSE,
            )
        ],
    ],
    ids=lambda response: f"{response.status} {response.body[:24]!r}",
)
def test_an_answer_that_cannot_be_trusted_lets_nobody_through(response: Response) -> None:
    with pytest.raises(OAuthError) as refused:
        ask(response)

    assert (refused.value.status, refused.value.code) == (503, "temporarily_unavailable")
    assert refused.value.retry_after == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_guard_is_told_to_look_at_its_own_credentials(status: int) -> None:
    with pytest.raises(OAuthError) as refused:
        ask(Response(status, {}, b""))

    assert "client id and secret" in refused.value.log_detail
    assert "client id and secret" not in refused.value.description


@pytest.mark.spec("ASVS", "16.5.2")
@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError(), ValueError("bad address")])
def test_an_error_on_the_way_lets_nobody_through(error: Exception) -> None:
    def send(_request: Request) -> Response:
        raise error

    with pytest.raises(OAuthError) as refused:
        run(introspect(Secret(TOKEN), URL, Credentials("a", Secret("b"))), send)

    assert refused.value.status == 503
    assert type(error).__name__ in refused.value.log_detail


@given(
    st.binary() | st.builds(_body, st.sampled_from(["active", "exp"]), st.text() | st.booleans())
)
def test_any_body_is_an_answer_or_unavailable(body: bytes) -> None:
    try:
        outcome = ask(Response(200, JSON_TYPE, body))["active"]
    except OAuthError as refused:
        outcome = refused.code

    assert outcome in {True, False, "temporarily_unavailable"}


@pytest.mark.spec("RFC 7662", "4")
def test_an_answer_is_remembered_for_its_time_and_never_beyond_the_expiry() -> None:
    memory = IntrospectionCache(5)
    memory.put(b"long", {"active": True, "exp": 2000}, sent_at=1000)
    memory.put(b"short", {"active": True, "exp": 1002}, sent_at=1000)
    memory.put(b"no", {"active": False}, sent_at=1000)

    kept = {key: memory.get(key, 1001.9) for key in (b"long", b"short", b"no")}
    later = {key: memory.get(key, 1002) for key in (b"long", b"short", b"no")}

    assert None not in kept.values()
    assert later[b"short"] is None
    assert later[b"long"] is not None
    assert memory.get(b"long", 1005) is None
    assert memory.get(b"no", 1005) is None
    assert len(memory) == 0


def test_a_clock_set_back_makes_no_answer_last_longer() -> None:
    memory = IntrospectionCache(5)
    memory.put(b"token", {"active": True, "exp": 9999}, sent_at=1000)

    assert memory.get(b"token", 999) is None
    assert memory.get(b"token", 1001) is None


@pytest.mark.parametrize(("seconds", "expiry"), [(0, 9999), (5, 1000), (5, 999)])
def test_what_is_stale_at_once_is_not_kept(seconds: float, expiry: int) -> None:
    memory = IntrospectionCache(seconds)
    memory.put(b"token", {"active": True, "exp": expiry}, sent_at=1000)

    assert len(memory) == 0


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    memory = IntrospectionCache(5, size=2)
    memory.put(b"a", {"active": True}, sent_at=1000)
    memory.put(b"b", {"active": True}, sent_at=1000)
    memory.put(b"a", {"active": False}, sent_at=1001)
    memory.put(b"c", {"active": True}, sent_at=1001)

    assert memory.get(b"a", 1002) == {"active": False}
    assert memory.get(b"b", 1002) is None  # the oldest made room


def test_the_memory_is_bounded() -> None:
    memory = IntrospectionCache(5, size=10)
    for number in range(1000):
        memory.put(str(number).encode(), {"active": False}, sent_at=1000)

    assert len(memory) == 10


def test_a_negative_time_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        IntrospectionCache(-1)
