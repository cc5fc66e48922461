"""curl, as the documentation shows it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from clients.partner import Partner
from gatepass.server.cli.demo.pages import Page
from server_process import Server

pytestmark = pytest.mark.skipif(
    not shutil.which("curl"), reason="curl is missing: apt install curl"
)

GRANT = ("-d", "grant_type=client_credentials")
AS_JSON = ("-H", "Content-Type: application/json", "-d", '{"grant_type": "client_credentials"}')


class Got(NamedTuple):
    status: int
    body: Any


def curl(*arguments: str) -> Got:
    ran = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", "-w", "\n%{http_code}", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    body, _, status = ran.stdout.rpartition("\n")
    return Got(int(status), json.loads(body))


def user(partner: Partner) -> tuple[str, str]:
    return "-u", f"{partner.client_id}:{partner.secret}"


def bearer(token: str) -> tuple[str, str]:
    return "-H", f"Authorization: Bearer {token}"


@pytest.mark.spec("RFC 6749", "4.4.2")
@pytest.mark.parametrize("offer", [(), ("--http2",)])
@pytest.mark.parametrize("request_body", [GRANT, AS_JSON])
def test_curl_gets_a_token_calls_the_api_and_revokes_it(
    partner: Partner, request_body: tuple[str, ...], offer: tuple[str, ...]
) -> None:
    got = curl(*offer, *user(partner), *request_body, partner.token_url)
    assert got.status == 200, got
    token = got.body["access_token"]
    assert got.body == {
        "access_token": token,
        "expires_in": 36000,
        "token_type": "Bearer",
        "scope": "read write",
    }

    called = curl(*offer, *bearer(token), partner.api_url)
    assert (called.status, called.body["id"]) == (200, partner.org_id)
    assert curl(*offer, *user(partner), "-d", f"token={token}", partner.revoke_url).status == 200
    assert curl(*offer, *bearer(token), partner.api_url).status == 401


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_curl_may_put_the_credentials_in_the_body(partner: Partner) -> None:
    in_body = ("-d", f"client_id={partner.client_id}", "-d", f"client_secret={partner.secret}")

    assert curl(*GRANT, *in_body, partner.token_url).status == 200


@pytest.mark.spec("RFC 6749", "5.2")
def test_curl_with_a_wrong_secret_is_told_so(partner: Partner) -> None:
    got = curl("-u", f"{partner.client_id}:wrong", *GRANT, partner.token_url)

    assert got == Got(
        401,
        {"error": "invalid_client", "error_description": "Client authentication failed."},
    )


@pytest.mark.spec("RFC 6749", "3.2")
def test_curl_without_a_body_is_told_what_is_missing(partner: Partner) -> None:
    got = curl(*user(partner), "-X", "POST", partner.token_url)

    assert (got.status, got.body["error"]) == (400, "invalid_request")
    assert curl(*user(partner), partner.token_url).status == 405


@pytest.mark.spec("RFC 9110", "7.8")
def test_a_portal_form_that_curl_sends_with_an_offer_of_http2_is_read(
    server: Server, tmp_path: Path
) -> None:
    organization = server.create_organization("With curl", "carla")
    login, cookies = f"{server.url()}/accounts/login/", str(tmp_path / "cookies")
    keep = ("--http2", "-c", cookies, "-b", cookies)
    form = Page(_text(*keep, login)).forms["/accounts/login/"]
    filled = form.filled(username=organization.username, password=organization.initial_password)
    fields = [
        part for name, text in filled.items() for part in ("--data-urlencode", f"{name}={text}")
    ]

    shown = _text(*keep, *fields, "-o", str(tmp_path / "body"), "-w", "%{http_code}", login)

    assert shown == "303"


def _text(*arguments: str) -> str:
    ran = subprocess.run(
        ["curl", "--silent", "--show-error", "--noproxy", "*", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return ran.stdout
