"""Whatever is sent, the answer is a clear 4xx in the form of a page, and nothing is changed."""

import pytest

from server.portal.fixtures import PortalServer

FORM = {"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost:8000"}
PATHS = ["/accounts/login/", "/oauth2/applications/register/", "/team/add/", "/nothing/"]
BODIES = {
    "invalid UTF-8": b"name=%ff%fe",
    "raw bytes": bytes(range(256)),
    "an overlong encoding": b"name=%c0%af",
    "a NUL": b"name=a%00b",
    "an escape sequence": b"name=%1b[2J",
    "a lone surrogate": b"name=%ed%a0%80",
    "a broken percent sign": b"name=100%",
    "ten thousand parameters": b"&".join(b"%d=" % number for number in range(10_000)),
    "ten thousand separators": b"&" * 10_000,
    "a parameter given twice": b"name=a&name=b",
    "a token given twice": b"csrf=a&csrf=b",
    "a very long value": b"name=" + b"x" * 60_000,
    "a very long name": b"x" * 60_000 + b"=1",
    "nothing": b"",
    "an equals sign": b"=",
    "JSON": b'{"csrf": "x"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_form_is_refused_in_words(portal: PortalServer, path: str, body: bytes) -> None:
    browser = portal.as_("anna") if "login" not in path else portal.browser()
    before = portal.actions()

    response = browser.client.post(path, content=body, headers=FORM)

    assert response.status_code in {400, 403, 404}
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>" in response.text
    assert portal.actions() == before


@pytest.mark.parametrize("path", PATHS)
def test_a_form_over_64_kib_is_too_much(portal: PortalServer, path: str) -> None:
    response = portal.as_("anna").client.post(path, content=b"x" * 65_537, headers=FORM)

    assert response.status_code == 413
    assert "Form too large" in response.text


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "", "x" * 5000]
)
def test_a_form_of_another_kind_is_refused(portal: PortalServer, kind: str) -> None:
    browser = portal.as_("anna")
    body = f"csrf={browser.csrf()}".encode()

    headers = {"content-type": kind, "origin": browser.origin}
    response = browser.client.post("/accounts/sessions/end/", content=body, headers=headers)

    assert response.status_code == 400


@pytest.mark.parametrize(
    "value", ["", "x", "0" * 47, "0" * 49, "!" * 48, "zzz" * 16, '"\\073"', "é" * 48, "a" * 8000]
)
@pytest.mark.parametrize("name", ["gatepass_session_live", "gatepass_device_live"])
def test_a_hostile_cookie_is_no_cookie(portal: PortalServer, name: str, value: str) -> None:
    cookie = {b"cookie": f"{name}={value}".encode()}

    response = portal.browser().client.get("/accounts/login/", headers=cookie)
    page = portal.browser().client.get("/account/", headers=cookie)

    assert response.status_code == 200
    assert (page.status_code, page.headers["location"]) == (303, "/accounts/login/?next=/account/")


@pytest.mark.parametrize(
    "query", ["next=%ff", "next=%00", "next=%", "&" * 5000, "next=a&next=b", "next=" + "x" * 9000]
)
def test_a_hostile_query_changes_nothing_about_the_login_page(
    portal: PortalServer, query: str
) -> None:
    response = portal.browser().get(f"/accounts/login/?{query}")

    assert response.status_code == 200
    assert 'name="next" value=""' in response.text


def test_a_hostile_program_name_is_cut_and_shown_as_text(portal: PortalServer) -> None:
    browser = portal.browser()
    browser.client.headers["user-agent"] = "<script>alert(1)</script>" + "x" * 5000
    browser.log_in("anna")

    text = browser.get("/account/").text

    assert "<script>alert" not in text
    assert "x" * 300 not in text


@pytest.mark.spec("RFC 9110", "15.5.16")
def test_a_compressed_form_is_told_to_be_one(portal: PortalServer) -> None:
    browser = portal.browser()

    response = browser.send("/accounts/login/", {"username": "anna"}, content_encoding="gzip")

    assert response.status_code == 415
    assert "without Content-Encoding" in response.text
