import json
from pathlib import Path
from typing import Any

import pytest

from server.partner_api.partner_client import Partner

_VECTORS = Path(__file__).parents[2] / "vectors" / "partner_api_bodies.json"
_BODIES: list[dict[str, Any]] = json.loads(_VECTORS.read_text())
_PROBLEM = "application/problem+json"
_JSON = {"Content-Type": "application/json"}


@pytest.mark.spec("RFC 9457", "3.1")
@pytest.mark.parametrize("case", _BODIES, ids=lambda case: case["name"])
def test_a_bad_body_is_refused_by_the_name_of_its_field(
    partner: Partner, case: dict[str, Any]
) -> None:
    response = partner.call("POST", partner.users, content=_body(case), headers=_JSON)

    problem = response.json()
    assert response.status_code == problem["status"] == case["status"]
    assert response.headers["content-type"] == _PROBLEM
    assert {"type", "title", "detail"} <= set(problem)
    if case["field"]:
        assert problem["errors"][0]["field"] == case["field"]
        assert problem["errors"][0]["detail"]
    assert len(partner.call("GET", partner.users).json()["items"]) == 1


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    "case", [case for case in _BODIES if case["field"] == "town"], ids=lambda case: case["name"]
)
def test_a_bad_change_changes_nothing(partner: Partner, method: str, case: dict[str, Any]) -> None:
    response = partner.call(method, partner.administrator, content=_body(case), headers=_JSON)

    assert response.status_code == 422
    assert partner.call("GET", partner.administrator).json()["town"] is None


@pytest.mark.parametrize(
    "body", [b"\xff", b'{"email": "\xc3\x28"}', b'{"email": "\xed\xa0\x80"}', "{}".encode("utf-16")]
)
def test_a_body_that_is_not_utf8_is_refused(partner: Partner, body: bytes) -> None:
    response = partner.call("POST", partner.users, content=body, headers=_JSON)

    assert (response.status_code, response.headers["content-type"]) == (400, _PROBLEM)


def test_what_was_sent_is_not_repeated_in_the_refusal(partner: Partner) -> None:
    sent = {"email": "secret-looking-value", "role": "hunter2hunter2", "town": 31337}

    response = partner.call("POST", partner.users, json=sent)

    assert {error["field"] for error in response.json()["errors"]} == {"email", "role", "town"}
    assert not [value for value in sent.values() if str(value) in response.text]


def test_no_more_errors_are_told_than_somebody_would_read(partner: Partner) -> None:
    sent = {f"field{number}": number for number in range(3000)}

    response = partner.call("POST", partner.users, json=sent)

    assert response.status_code == 422
    assert len(response.json()["errors"]) == 20


@pytest.mark.spec("RFC 9110", "15.5.16")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/merge-patch+json"},
        {**_JSON, "Content-Encoding": "gzip"},
    ],
)
def test_another_content_type_is_told_the_right_one(
    partner: Partner, headers: dict[str, str]
) -> None:
    body = b'{"email": "a@example.com", "role": "user"}'

    response = partner.call("POST", partner.users, content=body, headers=headers)

    assert (response.status_code, response.headers["content-type"]) == (415, _PROBLEM)
    assert response.headers["accept"] == "application/json"


@pytest.mark.spec("RFC 5789", "2.2")
def test_a_patch_of_another_content_type_is_told_the_right_ones(partner: Partner) -> None:
    headers = {"Content-Type": "application/json-patch+json"}

    response = partner.call("PATCH", partner.administrator, content=b"[]", headers=headers)

    assert response.status_code == 415
    assert response.headers["accept-patch"] == "application/json, application/merge-patch+json"


@pytest.mark.parametrize("content_type", ["Application/JSON", "application/json; charset=utf-8"])
def test_the_content_type_is_read_in_any_case_and_with_parameters(
    partner: Partner, content_type: str
) -> None:
    body = b'{"email": "a@example.com", "role": "user"}'
    headers = {"Content-Type": content_type}

    assert partner.call("POST", partner.users, content=body, headers=headers).status_code == 201


@pytest.mark.parametrize("in_pieces", [False, True])
def test_a_body_over_64_kib_is_refused(partner: Partner, in_pieces: bool) -> None:  # noqa: FBT001
    body = b'{"email": "a@example.com", "role": "user"}'.ljust(64 * 1024 + 1)
    content = iter([body[:40_000], body[40_000:]]) if in_pieces else body

    response = partner.call("POST", partner.users, content=content, headers=_JSON)

    assert (response.status_code, response.headers["content-type"]) == (413, _PROBLEM)


def test_a_body_of_64_kib_is_read(partner: Partner) -> None:
    body = b'{"email": "a@example.com", "role": "user"}'.ljust(64 * 1024)

    assert partner.call("POST", partner.users, content=body, headers=_JSON).status_code == 201


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "201"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", ""),
        ("limit", "9" * 5000),
        ("cursor", ""),
        ("cursor", "x"),
        ("cursor", "A" * 31 + "="),
        ("cursor", "A" * 32 + "\n"),
        ("role", "owner"),
        ("role", ""),
        ("email", ""),
        ("email", "a\x00b"),
        ("email", "x" * 255),
        ("external_user_id", "\x00"),
        ("external_user_id", "x" * 255),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(partner: Partner, name: str, value: str) -> None:
    response = partner.call("GET", partner.users, params={name: value})

    assert (response.status_code, response.headers["content-type"]) == (422, _PROBLEM)
    assert [error["field"] for error in response.json()["errors"]] == [name]


@pytest.mark.parametrize("query", ["foo=bar", "limit=%31", "LIMIT=x", "&&&", "%ff=%ff", "a" * 9000])
def test_a_parameter_that_means_nothing_here_is_ignored(partner: Partner, query: str) -> None:
    assert partner.call("GET", f"{partner.users}?{query}").status_code == 200


def _body(case: dict[str, Any]) -> bytes:
    """Write out a vector's body: texts, each with how often it comes."""
    return b"".join(text.encode() * times for text, times in case["body"])
