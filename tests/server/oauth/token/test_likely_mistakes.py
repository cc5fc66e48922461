"""Mistakes that programs make often are named in the refusal, so that they are found quickly."""

import gzip
import json

import pytest
from structlog.testing import capture_logs

from gatepass.wire.metadata import INTROSPECT, REVOKE, TOKEN
from server.fixtures import FORM, GRANT, Client, InProcessServer, raw_basic, refused

GRANT_FORM = b"grant_type=client_credentials"
PATHS = [TOKEN, REVOKE, INTROSPECT]
BOM = b"\xef\xbb\xbf"


@pytest.mark.spec("RFC 9110", "15.5.16")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "gzip, identity"])
def test_a_compressed_body_is_refused_as_one(
    server: InProcessServer, client: Client, path: str, coding: str
) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": coding}
    answer = server.post(path, by=client, content=gzip.compress(GRANT_FORM), headers=headers)

    assert refused(answer) == (415, "invalid_request")
    assert "Content-Encoding" in answer.json()["error_description"]


@pytest.mark.spec("RFC 9110", "15.5.16")
@pytest.mark.parametrize("path", [TOKEN, INTROSPECT])
def test_so_is_one_whose_bytes_were_granted_before(
    server: InProcessServer, client: Client, path: str
) -> None:
    form = GRANT | {"token": "x"}
    answers = [
        server.post(path, by=client, data=form, headers=headers)
        for headers in ({}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "identity"})
    ]

    assert [answer.status_code for answer in answers] == [200, 415, 200]


@pytest.mark.parametrize("mode", [BOM, b"\xff\xfe", b"\xfe\xff"])
@pytest.mark.parametrize(
    ("kind", "body"), [(FORM, GRANT_FORM), ("application/json", json.dumps(GRANT).encode())]
)
def test_a_byte_order_mark_is_named(
    server: InProcessServer, client: Client, kind: str, body: bytes, mode: bytes
) -> None:
    headers = {"Content-Type": kind}
    answer = server.post(TOKEN, by=client, content=mode + body, headers=headers)

    assert refused(answer) == (400, "invalid_request")
    assert "byte order mark" in answer.json()["error_description"]


@pytest.mark.parametrize(
    "body", [GRANT_FORM + b"\n", GRANT_FORM + b"\r\n", GRANT_FORM + b"&scope=read\r", b"\n"]
)
def test_a_line_break_at_the_end_of_a_form_is_named(
    server: InProcessServer, client: Client, body: bytes
) -> None:
    answer = server.post(TOKEN, by=client, content=body, headers={"Content-Type": FORM})

    assert refused(answer) == (400, "invalid_request")
    assert answer.json()["error_description"] == (
        "The form ends with a line break. Send it without."
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_break_at_the_end_of_a_secret_is_named(
    server: InProcessServer, client: Client, end: str, *, as_json: bool
) -> None:
    sent = GRANT | client.body | {"client_secret": client.secret.value + end}
    answer = server.post(TOKEN, json=sent) if as_json else server.post(TOKEN, data=sent)

    assert refused(answer) == (400, "invalid_request")
    assert "ends with a line break" in answer.json()["error_description"]
    assert client.secret.value not in answer.text


@pytest.mark.parametrize("end", [b"\n", b"%0A", b"\r\n"])
def test_so_is_one_in_basic(server: InProcessServer, client: Client, end: bytes) -> None:
    joined = f"{client.client_id}:{client.secret.value}".encode() + end
    answer = server.post(TOKEN, data=GRANT, headers={"Authorization": raw_basic(joined)})

    assert refused(answer) == (400, "invalid_request")
    assert "the secret ends with a line break" in answer.json()["error_description"]


@pytest.mark.parametrize(
    ("form", "code", "hint"),
    [
        ({"scopes": "read", "resource": "https://x"}, "invalid_target", "scopes is likely scope."),
        ({"scopes": "read", "scope": "admin"}, "invalid_scope", "scopes is likely scope."),
        ({"Scope": "read", "scope": "admin"}, "invalid_scope", "Scope is likely scope."),
        ({"scope[]": "read", "scope": "admin"}, "invalid_scope", "scope[] is likely scope."),
        (
            {"grant_type": "", "grantType": "x"},
            "invalid_request",
            "grantType is likely grant_type.",
        ),
        ({"grant_type": "x", "grant-type": "x"}, "unsupported_grant_type", "grant-type is likely"),
        ({"resources": "x", "scope": "admin"}, "invalid_scope", "resources is likely resource."),
    ],
)
def test_a_misspelled_parameter_is_named_as_the_likely_one(
    server: InProcessServer, client: Client, form: dict[str, str], code: str, hint: str
) -> None:
    with capture_logs() as logged:
        answer = server.post(TOKEN, by=client, data=GRANT | form)

    assert refused(answer) == (400, code)
    assert hint in answer.json()["error_description"]
    assert hint in logged[-1]["reason"]


@pytest.mark.spec("RFC 6749", "3.2")
def test_a_misspelled_parameter_alone_is_ignored(server: InProcessServer, client: Client) -> None:
    answer = server.post(TOKEN, by=client, data=GRANT | {"scopes": "read"})

    assert (answer.status_code, answer.json()["scope"]) == (200, "read write")


@pytest.mark.parametrize("name", ["s-c-o-p-e" + "-" * 20, "scopess", "microscope", "sc\u00f6pe"])
def test_other_names_are_not_repeated(server: InProcessServer, client: Client, name: str) -> None:
    answer = server.post(TOKEN, by=client, data=GRANT | {name: "x", "scope": "admin"})

    assert refused(answer) == (400, "invalid_scope")
    assert "is likely" not in answer.text


def test_who_is_not_authenticated_is_told_nothing_of_names(server: InProcessServer) -> None:
    answers = [server.post(TOKEN, data=GRANT | more) for more in ({}, {"scopes": "read"})]

    assert answers[0].content == answers[1].content


def test_a_list_of_scopes_in_json_is_named(server: InProcessServer, client: Client) -> None:
    answer = server.post(TOKEN, by=client, json=GRANT | {"scope": ["read"]})

    assert refused(answer) == (400, "invalid_request")
    assert "separated by spaces" in answer.json()["error_description"]
