"""The token endpoint: how a request must come, and in which order its faults are found."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from gatepass.wire.secret import Secret
from server.fixtures import FORM, GRANT, LIVE, Client, InProcessServer, basic, refused, whole
from wire.samples import octets

JSON = "application/json"
GRANT_FORM = b"grant_type=client_credentials"
ENDPOINTS = [TOKEN, TOKEN.rstrip("/"), REVOKE, INTROSPECT]
# RFC 6749 §5.2
SAYABLE = frozenset(map(chr, range(0x20, 0x7F))) - frozenset('"\\')
shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def send_body(
    server: InProcessServer, client: Client, body: bytes, kind: str | None = FORM
) -> tuple[int, str]:
    headers = {"Content-Type": kind} if kind is not None else None
    return refused(server.post(TOKEN, by=client, content=body, headers=headers))


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.spec("RFC 7009", "2.3")
@pytest.mark.spec("RFC 7662", "4")
@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
def test_any_method_but_post_gets_405_and_no_token(
    server: InProcessServer, client: Client, method: str, path: str
) -> None:
    answer = server.send(method, path, by=client, params=GRANT, follow_redirects=False)

    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert "access_token" not in answer.text


@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.parametrize("path", [TOKEN, TOKEN.rstrip("/")])
@pytest.mark.parametrize("kind", [FORM, f"{FORM};charset=UTF-8", f"{FORM}; charset=utf-8"])
def test_a_form_gets_a_token_with_and_without_charset_and_trailing_slash(
    server: InProcessServer, client: Client, kind: str, path: str
) -> None:
    for _ in range(2):  # the second time from memory
        answer = server.post(path, by=client, content=GRANT_FORM, headers={"Content-Type": kind})

        assert answer.status_code == 200
        assert answer.json()["token_type"] == "Bearer"


@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.parametrize("form", [GRANT, {**GRANT, "scope": "read"}, {**GRANT, "scope": "admin"}])
def test_json_works_exactly_like_a_form(
    server: InProcessServer, client: Client, form: dict[str, str]
) -> None:
    by_form = server.post(TOKEN, by=client, data=form)
    by_json = server.post(TOKEN, by=client, json=form)
    by_json_alone = server.post(TOKEN, json=form | client.body)

    for answer in (by_json, by_json_alone):
        assert answer.status_code == by_form.status_code
        assert {**answer.json(), "access_token": ""} == {**by_form.json(), "access_token": ""}


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("name", octets("malformed_json"))
def test_malformed_json_is_an_invalid_request(
    server: InProcessServer, client: Client, name: str
) -> None:
    body = octets("malformed_json")[name]

    assert send_body(server, client, body, JSON) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("name", octets("malformed_forms"))
def test_a_malformed_form_is_an_invalid_request(
    server: InProcessServer, client: Client, name: str
) -> None:
    body = GRANT_FORM + b"&" + octets("malformed_forms")[name]

    assert send_body(server, client, body) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id", "client_secret", "colour"])
@pytest.mark.parametrize("value", ["again", ""])
def test_a_repeated_parameter_is_an_invalid_request(
    server: InProcessServer, name: str, value: str
) -> None:
    body = f"{GRANT_FORM.decode()}&{name}=once&{name}={value}".encode()
    answer = server.post(TOKEN, content=body, headers={"Content-Type": FORM})

    assert refused(answer) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "multipart/form-data; boundary=x", "application/xml"]
)
def test_a_body_of_another_kind_gets_415_in_the_form_of_an_oauth_error(
    server: InProcessServer, client: Client, kind: str | None
) -> None:
    assert send_body(server, client, GRANT_FORM, kind) == (415, "invalid_request")


@pytest.mark.spec("RFC 6749", "3.2")
@pytest.mark.parametrize("more", ["scope=&code=", "colour=blue", "client_secret=", "resource="])
def test_empty_and_unknown_parameters_are_as_good_as_none(
    server: InProcessServer, client: Client, more: str
) -> None:
    body = GRANT_FORM + b"&" + more.encode()
    answer = server.post(TOKEN, by=client, content=body, headers={"Content-Type": FORM})

    assert answer.status_code == 200
    assert answer.json()["scope"] == "read write"


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_credentials_in_the_query_never_authenticate_and_are_not_logged(
    server: InProcessServer, client: Client
) -> None:
    with capture_logs() as logged:
        answer = server.post(TOKEN, params=GRANT | client.body)

    assert refused(answer) == (400, "invalid_request")
    assert client.secret.value not in f"{logged}{answer.text}"
    assert logged[0]["reason"] == "a secret or token in the query"


@pytest.mark.spec("RFC 6749", "2.3.1")
@pytest.mark.parametrize("path", [TOKEN, REVOKE, INTROSPECT])
@pytest.mark.parametrize("name", ["token", "access_token", "client_secret", "x"])
def test_a_secret_or_token_in_the_query_is_refused_even_beside_good_credentials(
    server: InProcessServer, client: Client, path: str, name: str
) -> None:
    token = server.token(client)
    with capture_logs() as logged:
        answer = server.post(path, by=client, data=GRANT, params={name: token})

    assert refused(answer) == (400, "invalid_request")
    assert token not in f"{logged}{answer.text}{answer.headers}"
    assert server.is_active(client, token)


@pytest.mark.spec("RFC 6749", "3.2")
def test_the_query_is_not_read(server: InProcessServer, client: Client) -> None:
    answer = server.post(
        TOKEN, by=client, params={**GRANT, "scope": "read"}, data={"scope": "write"}
    )

    assert refused(answer) == (400, "invalid_request")


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("is_right", [True, False])
def test_faults_are_found_in_the_documented_order(
    server: InProcessServer, client: Client, *, is_right: bool
) -> None:
    authorization = basic(client.client_id, client.secret.value if is_right else "wrong")

    def ask(method: str, kind: str, body: bytes) -> str:
        headers = {"Authorization": authorization, "Content-Type": kind}
        status, error = refused(server.send(method, TOKEN, content=body, headers=headers))
        return f"{status} {error}" if is_right or status != 401 else "not authenticated"

    everything_wrong = b"grant_type=password&scope=admin&resource=x"
    assert ask("PUT", "text/plain", b"scope=%") == "405 invalid_request"
    assert ask("POST", "text/plain", b"scope=%") == "415 invalid_request"
    assert ask("POST", FORM, b"scope=%") == "400 invalid_request"
    found = [
        ask("POST", FORM, body)
        for body in (
            everything_wrong,
            GRANT_FORM + b"&scope=admin&resource=x",
            GRANT_FORM + b"&resource=x",
        )
    ]
    behind_authentication = ["unsupported_grant_type", "invalid_scope", "invalid_target"]
    expected = [f"400 {error}" for error in behind_authentication]
    assert found == (expected if is_right else ["not authenticated"] * 3)


@pytest.mark.spec("RFC 6749", "5.2")
def test_who_is_not_authenticated_learns_nothing_of_a_clients_grants_and_scopes(
    server: InProcessServer, client: Client
) -> None:
    wrong = client.having(Secret("gps_live_wrong"))
    asked: list[dict[str, str]] = [{}, {"grant_type": "password"}, GRANT, {**GRANT, "scope": "x"}]
    answers = [server.post(TOKEN, by=wrong, data={"x": "y", **form}) for form in asked]

    assert len({str(whole(answer)) for answer in answers}) == 1


@pytest.mark.spec("ASVS", "16.5.1")
@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"&".join(b"p%d=x" % number for number in range(10_000)), 413),
        (b"&".join(b"p%d=" % number for number in range(5_000)), 400),
        (b"&" * 60_000, 400),
        (b"scope=" + b"x" * 5_000, 400),
        (b"x" * 5_000 + b"=1", 400),
        (b"scope=" + b"%41" * 20_000, 400),
        (b"scope=" + b"x" * 65_536, 413),
        (b"\x00" * 65_536, 400),
        (b"\xff" * 60_000, 400),
    ],
)
def test_too_much_is_refused(
    server: InProcessServer, client: Client, body: bytes, status: int
) -> None:
    assert send_body(server, client, body) == (status, "invalid_request")


@pytest.mark.spec("ASVS", "16.5.3")
@shared
@given(
    body=st.binary(max_size=200) | st.text(max_size=100).map(str.encode),
    kind=st.sampled_from([FORM, JSON]),
    authorization=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60),
)
def test_no_request_whatever_is_answered_with_anything_but_a_clear_4xx(
    server: InProcessServer, body: bytes, kind: str, authorization: str
) -> None:
    headers = {"Content-Type": kind, "Authorization": authorization}
    status, _ = refused(server.post(TOKEN, content=body, headers=headers))

    assert 400 <= status < 500


@pytest.mark.spec("RFC 6749", "5.2")
@shared
@given(text=st.text(max_size=60), name=st.sampled_from(["grant_type", "scope", "resource", "x"]))
def test_a_description_never_repeats_raw_what_it_was_sent(
    server: InProcessServer, client: Client, text: str, name: str
) -> None:
    answer = server.post(TOKEN, by=client, json=GRANT | {name: text})

    if answer.status_code != 200:
        described = answer.json()["error_description"]
        assert all(char in SAYABLE for char in described)
    assert answer.status_code in {200, 400}


@pytest.mark.spec("RFC 6749", "5.2")
@pytest.mark.parametrize("name", ["Authorization", "Content-Type"])
def test_a_header_that_is_given_twice_is_an_invalid_request(
    server: InProcessServer, client: Client, name: str
) -> None:
    headers = [
        ("Authorization", basic(client.client_id, client.secret.value)),
        ("Content-Type", FORM),
    ]
    twice = [*headers, next(each for each in headers if each[0] == name)]

    assert refused(server.post(TOKEN, content=GRANT_FORM, headers=twice)) == (
        400,
        "invalid_request",
    )


@pytest.mark.spec("RFC 9110", "12.5.1")
@pytest.mark.parametrize("accept", ["text/html, image/gif, image/jpeg, *; q=.2", "image/png", ""])
def test_whatever_a_client_accepts_it_gets_json(
    server: InProcessServer, client: Client, accept: str
) -> None:
    answer = server.post(TOKEN, by=client, data=GRANT, headers={"Accept": accept})

    assert answer.status_code == 200
    assert json.loads(answer.content)["access_token"]
    assert server.environment(LIVE).issuer not in answer.text
