"""The token request as a flow: what is sent, what is read, what is tried again."""

import json
import pickle
from collections.abc import Callable, Mapping
from typing import cast
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.client.errors import (
    CertificateRefused,
    ClientError,
    TokenRefused,
    TokenUnavailable,
    Unreachable,
)
from gatepass.client.settings import ClientSettings
from gatepass.client.tokens.authentication import Authentication, by_secret
from gatepass.client.tokens.drivers import Step
from gatepass.client.tokens.request import (
    LONGEST_RESPONSE,
    RetryLimits,
    build_request,
    request_token,
)
from gatepass.client.tokens.token import CachedToken
from gatepass.wire import basic
from gatepass.wire.flow import Request, Response, run
from gatepass.wire.secret import Secret

SECRET = "very-secret:&+%"
SETTINGS = ClientSettings("https://app.example.com/token", "cid:a b", Secret(SECRET))
TOKEN = b'{"access_token": "t0ken", "token_type": "bearer", "expires_in": 3600}'
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


class Script:
    """Answers one after the other; keeps the requests that were sent."""

    def __init__(self, *answers: Response | Unreachable) -> None:
        self.answers = list(answers)
        self.sent: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.sent.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Unreachable):
            raise answer
        return answer

    def play(
        self,
        settings: ClientSettings = SETTINGS,
        *,
        now: Callable[[], float] = lambda: 0.0,
        jitter: float = 0.5,
        until: float = 100.0,
        attempts: int = 4,
    ) -> CachedToken:
        limits = RetryLimits(deadline=until, max_attempts=attempts)
        flow = request_token(settings, Secret(SECRET), limits, now, lambda: jitter)
        return run(flow, lambda step: self(cast("Request", step)))


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body
    )


def refusal(status: int, members: object) -> TokenRefused:
    with pytest.raises(TokenRefused) as caught:
        Script(answer(status, json.dumps(members).encode())).play()
    return caught.value


@pytest.mark.spec("RFC 6749", "4.4.2")
def test_the_request_is_a_post_of_a_form_with_basic_credentials() -> None:
    request = build_request(SETTINGS, by_secret(SETTINGS, Secret(SECRET)))

    assert (request.method, request.url) == ("POST", "https://app.example.com/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"grant_type=client_credentials"
    scheme, _, credentials = request.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    assert basic.read(credentials) == ("cid:a b", Secret(SECRET))


@pytest.mark.spec("RFC 8707", "2")
def test_scope_and_every_resource_are_asked_for() -> None:
    resources = ("https://a.example/x?y=z", "urn:b:c")
    request = build_request(
        ClientSettings(SETTINGS.token_url, "id", "x", "read write", resources), Authentication()
    )

    assert parse_qsl(request.body.decode()) == [
        ("grant_type", "client_credentials"),
        ("scope", "read write"),
        ("resource", resources[0]),
        ("resource", resources[1]),
    ]


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_parameters_and_a_secret_in_the_form_are_sent_as_they_are_set() -> None:
    settings = ClientSettings(
        SETTINGS.token_url,
        "cid:a b",
        "x",
        parameters=[("audience", "https://a/"), ("audience", "b&c")],
        auth_method="client_secret_post",
    )

    request = build_request(settings, by_secret(settings, Secret(SECRET)))

    assert parse_qsl(request.body.decode()) == [
        ("grant_type", "client_credentials"),
        ("audience", "https://a/"),
        ("audience", "b&c"),
        ("client_id", "cid:a b"),
        ("client_secret", SECRET),
    ]
    assert "authorization" not in request.headers
    assert "very-secret" not in repr(request)


def test_headers_and_another_grant_type_are_sent_as_they_are_set() -> None:
    settings = ClientSettings(
        SETTINGS.token_url,
        "id",
        "x",
        headers={"X-Api-Key": "k3y-of-the-gateway", "User-Agent": "acme/1"},
        grant_type="account_credentials",
    )

    request = build_request(settings, by_secret(settings, Secret("x")))

    assert request.headers["x-api-key"] == "k3y-of-the-gateway"
    assert request.headers["user-agent"] == "acme/1"
    assert parse_qsl(request.body.decode()) == [("grant_type", "account_credentials")]
    assert "k3y" not in repr(settings) + repr(request)


def test_a_key_in_a_header_is_not_quoted_where_the_answer_repeats_it() -> None:
    settings = ClientSettings(
        SETTINGS.token_url, "id", "x", headers={"X-Api-Key": "k3y-of-the-gateway", "X-Level": "1"}
    )
    members = {"error": "invalid_request", "error_description": "1 wrong key k3y-of-the-gateway"}

    with pytest.raises(TokenRefused) as caught:
        Script(answer(400, json.dumps(members).encode())).play(settings)

    assert caught.value.description == "1 wrong key [redacted]"


def test_neither_repr_nor_body_of_the_request_shows_the_secret() -> None:
    assert "very-secret" not in repr(build_request(SETTINGS, by_secret(SETTINGS, Secret(SECRET))))
    assert b"very-secret" not in build_request(SETTINGS, by_secret(SETTINGS, Secret(SECRET))).body


def test_a_token_is_given_with_times_counted_from_the_question() -> None:
    script = Script(answer(200, TOKEN))
    clock = iter([1000.0, 1001.0, 1002.0, 1005.0])

    cached = script.play(now=lambda: next(clock), until=1100)

    assert cached.response.access_token == Secret("t0ken")
    assert cached.expires_at == 1002 + 3595


def test_the_time_of_a_token_that_came_at_the_second_attempt_counts_from_that() -> None:
    cached = Script(answer(503, retry_after="7"), answer(200, TOKEN)).play()

    assert cached.expires_at == 7.5 + 3595


@pytest.mark.parametrize(
    "failure",
    [Unreachable("ConnectTimeout: no"), *[answer(code) for code in (408, 425, 429, 500, 502, 503)]],
)
def test_a_passing_trouble_is_tried_again(failure: Response | Unreachable) -> None:
    script = Script(failure, failure, failure, answer(200, TOKEN))

    assert script.play().response.access_token == Secret("t0ken")
    assert len({(sent.url, sent.body) for sent in script.sent}) == 1


def test_pauses_grow_and_are_drawn_from_nothing_to_a_doubling_bound() -> None:
    for jitter, pauses in ((0.0, [0, 0, 0, 0]), (1.0, [0, 1, 2, 4])):
        script = Script(*[answer(503)] * 3, answer(200, TOKEN))

        script.play(jitter=jitter)

        assert [sent.after for sent in script.sent] == pauses


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "9"}, 10.0),
        ({"retry-after": " 30 "}, 31.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:12 GMT", "date": DATE}, 13.0),
        ({"retry-after": "Wed, 31 Dec 2025 00:00:00 GMT", "date": DATE}, 1.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:12 GMT"}, 1.0),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:12 -0000", "date": DATE}, 1.0),
        ({"retry-after": "-5"}, 1.0),
        ({"retry-after": "\u0663"}, 1.0),
        ({"retry-after": "soon"}, 1.0),
        ({"retry-after": ""}, 1.0),
    ],
)
def test_retry_after_is_honoured_where_it_makes_sense(
    headers: Mapping[str, str], pause: float
) -> None:
    script = Script(Response(429, headers, b""), answer(200, TOKEN))

    script.play(jitter=1.0)

    assert script.sent[1].after == pause


@pytest.mark.parametrize("seconds", ["100", "9" * 400])
def test_a_server_that_asks_for_a_long_wait_is_not_asked_again_sooner(seconds: str) -> None:
    script = Script(answer(503, retry_after=seconds))

    with pytest.raises(TokenUnavailable) as caught:
        script.play()

    assert caught.value.attempts == 1
    assert caught.value.retry_after >= 100
    assert "503" in str(caught.value)


def test_the_time_comes_to_an_end_and_no_pause_goes_beyond_it() -> None:
    script = Script(*[answer(503)] * 4)

    with pytest.raises(TokenUnavailable) as caught:
        script.play(jitter=1.0, until=3.5)

    assert [sent.after for sent in script.sent] == [0.0, 1.0, 2.0]
    assert [sent.timeout for sent in script.sent] == [3.5, 2.5, 1.5]
    assert caught.value.attempts == 3


def test_no_request_takes_longer_than_ten_seconds() -> None:
    script = Script(answer(200, TOKEN))

    script.play()

    assert script.sent[0].timeout == 10


def test_an_answer_that_nobody_understands_is_quoted_for_the_reader() -> None:
    page = b"<html>\n<title>502 Bad Gateway</title>\n<p>proxy-7: token=abc123xyz&secret=very</p>"

    with pytest.raises(TokenUnavailable) as caught:
        Script(answer(200, page)).play()

    assert "502 Bad Gateway" in str(caught.value)
    assert not any(word in str(caught.value) for word in ("abc123xyz", "very"))


def test_the_attempts_come_to_an_end_and_the_error_tells_the_last_trouble() -> None:
    script = Script(*[answer(503)] * 3, Unreachable("ConnectError: refused"))

    with pytest.raises(TokenUnavailable) as caught:
        script.play()

    assert caught.value.attempts == len(script.sent) == 4
    assert "no token after 4 attempts" in str(caught.value)
    assert "ConnectError: refused" in str(caught.value)


def test_an_error_that_is_not_of_the_network_is_not_swallowed() -> None:
    def send(step: Step) -> Response:
        raise LookupError(type(step).__name__)

    with pytest.raises(LookupError):
        run(
            request_token(SETTINGS, Secret(SECRET), RetryLimits(100.0), lambda: 0.0, lambda: 0.5),
            send,
        )


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "invalid_client"),
        (400, "invalid_scope"),
        (400, "invalid_target"),
        (400, "unauthorized_client"),
        (400, "unsupported_grant_type"),
        (403, "something_of_theirs"),
    ],
)
def test_a_refusal_tells_code_description_and_status_and_is_not_tried_again(
    status: int, error: str
) -> None:
    refused = refusal(status, {"error": error, "error_description": "No, because."})

    assert (refused.error, refused.description, refused.status) == (error, "No, because.", status)
    assert f"{error} (No, because.): " in str(refused)


@pytest.mark.parametrize(
    "members",
    [
        {},
        [],
        "invalid_client",
        {"error": 7},
        {"error": ""},
        {"error": "x" * 65},
        {"error": 'quo"ted'},
        {"error": "line\nbreak"},
        {"error": "\u00fc"},
    ],
)
def test_a_refusal_without_an_oauth_error_says_to_check_the_url(members: object) -> None:
    refused = refusal(404, members)

    assert (refused.error, refused.description) == (None, "")
    assert "404" in str(refused)
    assert "token URL" in str(refused)


@pytest.mark.parametrize("description", [7, None, ["x"], {}])
def test_a_description_that_is_no_text_is_left_out(description: object) -> None:
    refused = refusal(400, {"error": "invalid_scope", "error_description": description})

    assert refused.description == ""


@pytest.mark.parametrize(
    "body", [b"<html>" + b"x" * 9_000_000, b"[" * 100_000, b"\xff", b'{"error": "invalid_client"']
)
def test_of_an_error_page_a_bounded_piece_is_quoted(body: bytes) -> None:
    with pytest.raises(TokenRefused) as caught:
        Script(answer(400, body)).play()

    assert len(str(caught.value)) < 400
    assert "x" * 25 not in str(caught.value)


def test_what_a_server_says_is_one_short_printable_line_without_the_secret() -> None:
    description = f"bad {SECRET}\r\nlog: \x1b[31m gps_live_0123abc and {'y' * 5000}"

    refused = refusal(401, {"error": "invalid_client", "error_description": description})

    assert "very-secret" not in str(refused)
    assert "gps_live_0123abc" not in str(refused)
    assert str(refused).isprintable()
    assert len(refused.description) <= 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_error_says_so(status: int) -> None:
    script = Script(answer(status, location="https://elsewhere.example/"))

    with pytest.raises(TokenUnavailable, match="redirects are not followed"):
        script.play()

    assert len(script.sent) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Welcome to our guest network</html>",
        b"[]",
        b"{}",
        b'{"access_token": "s3cr3t\\n", "token_type": "Bearer"}',
        b'{"access_token": "s3cr3t", "token_type": "mac"}',
        TOKEN + b" " * LONGEST_RESPONSE,
        b"x" * 10_000_000,
        b"[" * 60_000,
    ],
)
def test_an_answer_that_is_no_token_response_is_refused_with_a_redacted_excerpt(
    body: bytes,
) -> None:
    with pytest.raises(TokenUnavailable) as caught:
        Script(answer(200, body)).play()

    assert caught.value.attempts == 1
    assert len(str(caught.value)) < 400
    assert not any(word in str(caught.value) for word in ("s3cr3t", "t0ken", "xxx"))


@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_a_token_response_may_have_another_status_of_success(status: int) -> None:
    assert Script(answer(status, TOKEN)).play().response.access_token == Secret("t0ken")


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "invalid_client", "error_description": "No."}',
        b'\xef\xbb\xbf{"error": "invalid_client", "error_description": "No."}',
        b'{"access_token": null, "error": "invalid_client", "error_description": "No."}',
    ],
)
def test_an_oauth_error_with_a_status_of_success_is_a_refusal(status: int, body: bytes) -> None:
    with pytest.raises(TokenRefused) as caught:
        Script(answer(status, body)).play()

    assert (caught.value.error, caught.value.description) == ("invalid_client", "No.")
    assert caught.value.is_of_the_secret


def test_a_token_counts_though_an_empty_error_stands_beside_it() -> None:
    body = b'{"access_token": "t0ken", "error": null, "error_description": ""}'

    assert Script(answer(200, body)).play().response.access_token == Secret("t0ken")


def test_a_form_encoded_answer_is_named_in_the_error() -> None:
    with pytest.raises(TokenUnavailable, match="form-encoded"):
        Script(answer(200, b"access_token=s3cr3t&token_type=bearer")).play()


def test_a_refused_certificate_is_named_and_not_tried_again() -> None:
    script = Script(CertificateRefused("the certificate expired: have it renewed"))

    with pytest.raises(TokenUnavailable, match="the certificate expired") as caught:
        script.play()

    assert caught.value.attempts == len(script.sent) == 1


@pytest.mark.parametrize("status", [204, 206])
def test_other_statuses_of_success_are_no_token_response(status: int) -> None:
    with pytest.raises(TokenUnavailable, match=f"the status is {status}"):
        Script(answer(status, TOKEN)).play()


def test_an_answer_of_exactly_the_longest_size_is_read() -> None:
    body = TOKEN + b" " * (LONGEST_RESPONSE - len(TOKEN))

    assert Script(answer(200, body)).play().response.expires_in == 3600


@given(st.integers(200, 599), st.binary(max_size=200))
def test_no_answer_whatever_raises_anything_but_the_documented_errors(
    status: int, body: bytes
) -> None:
    with pytest.raises((TokenRefused, TokenUnavailable)):
        Script(*[answer(status, body)] * 4).play()


@pytest.mark.parametrize(
    "error",
    [
        TokenRefused("invalid_client", "No.", 401, "<html>"),
        TokenUnavailable("it is away", 1, 2.5, 30.0),
    ],
)
def test_errors_survive_pickling_because_they_cross_processes(error: ClientError) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
