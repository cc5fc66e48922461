"""Cookies and headers, on plain HTTP and under TLS."""

import re

import pytest

from gatepass.server.portal import static_files
from server.portal.conftest import MakePortal
from server.portal.fixtures import TLS, PortalServer

PAGES = ["/accounts/login/", "/nothing/", "/oauth2/applications/", "/accounts/logout/"]


def cookies_of(portal: PortalServer) -> dict[str, set[str]]:
    browser = portal.browser()
    headers = [
        *browser.get("/accounts/login/").headers.get_list("set-cookie"),
        *browser.log_in("anna").headers.get_list("set-cookie"),
        *browser.post("/accounts/logout/").headers.get_list("set-cookie"),
    ]
    found: dict[str, set[str]] = {}
    for header in headers:
        name, *attributes = header.split("; ")
        found.setdefault(name.partition("=")[0], set()).update(attributes)
    return found


@pytest.mark.spec("ASVS", "3.3.1")
def test_cookies_on_plain_http_are_for_this_host_and_no_script(portal: PortalServer) -> None:
    found = cookies_of(portal)

    assert set(found) == {"gatepass_session_live", "gatepass_device_live"}
    for attributes in found.values():
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= attributes
        assert not any(each.startswith("Domain") for each in attributes)
        assert "Secure" not in attributes


@pytest.mark.spec("ASVS", "3.3.1")
def test_cookies_under_tls_are_secure_and_bound_to_the_host(tls_rig: PortalServer) -> None:
    found = cookies_of(tls_rig)

    assert set(found) == {"__Host-gatepass_session_live", "__Host-gatepass_device_live"}
    for attributes in found.values():
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= attributes
        assert not any(each.startswith("Domain") for each in attributes)


@pytest.mark.spec("ASVS", "3.3.5")
def test_a_cookie_is_far_below_4096_bytes(tls_rig: PortalServer) -> None:
    responses = (tls_rig.browser().get("/accounts/login/"), tls_rig.browser().log_in("anna"))
    headers = [each for response in responses for each in response.headers.get_list("set-cookie")]

    assert headers
    assert all(len(header.partition("; ")[0]) < 256 for header in headers)


@pytest.mark.spec("ASVS", "3.5.8")
@pytest.mark.parametrize("path", [*PAGES, f"{static_files.PREFIX}portal.css"])
def test_no_other_site_can_embed_a_page_or_file(portal: PortalServer, path: str) -> None:
    headers = portal.as_("anna").get(path).headers

    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_environments_have_cookies_of_their_own(portal: PortalServer) -> None:
    browser = portal.browser(sandbox=True)
    browser.get("/accounts/login/")

    assert set(browser.client.cookies) == {"gatepass_device_test"}


def test_a_browser_keeps_its_id_until_a_login(portal: PortalServer) -> None:
    browser = portal.browser()
    browser.get("/accounts/login/")
    first = dict(browser.client.cookies)
    browser.get("/accounts/login/")

    assert dict(browser.client.cookies) == first


@pytest.mark.spec("ASVS", "3.4.3")
@pytest.mark.parametrize("path", PAGES)
def test_every_answer_says_what_a_browser_may_do_with_it(portal: PortalServer, path: str) -> None:
    headers = portal.as_("anna").get(path).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


@pytest.mark.spec("ASVS", "3.4.1")
@pytest.mark.parametrize("path", PAGES)
def test_under_tls_the_browser_is_told_to_stay_there(tls_rig: PortalServer, path: str) -> None:
    headers = tls_rig.as_("anna").get(path).headers

    assert headers["strict-transport-security"] == "max-age=31536000"


def test_static_files_are_kept_for_ever_under_the_digest_of_their_content(
    portal: PortalServer,
) -> None:
    browser = portal.browser()
    page = browser.get("/accounts/login/").text
    found = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    assert len(found) == 4

    for path in found:
        response = browser.get(path)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-type"].startswith(("text/css", "text/jav", "image/svg"))


def test_a_page_of_another_version_gets_files_that_are_not_kept(portal: PortalServer) -> None:
    response = portal.browser().get("/static/0123456789abcdef/portal.css")

    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "name", ["nothing.css", "..%2Fapp.py", "%2e%2e/app.py", "portal.css/", "", "__init__.py"]
)
def test_nothing_but_static_files_is_served_as_one(portal: PortalServer, name: str) -> None:
    assert portal.browser().get(static_files.PREFIX + name).status_code == 404


@pytest.mark.spec("RFC 6797", "7.2")
@pytest.mark.parametrize("path", [*PAGES, "/oauth2/token/", "/partner-api/nothing", "/healthz"])
def test_every_answer_over_https_has_the_headers_of_https(tls_rig: PortalServer, path: str) -> None:
    headers = tls_rig.browser().get(path).headers

    assert headers.get_list("strict-transport-security") == ["max-age=31536000"]
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    if headers.get("content-type", "").startswith("text/html"):
        assert headers["cross-origin-opener-policy"] == "same-origin"


@pytest.mark.spec("RFC 6797", "6.1.2")
def test_transport_security_covers_subdomains_where_it_is_set(make_portal: MakePortal) -> None:
    portal = make_portal(production=TLS.model_copy(update={"hsts_subdomains": True}))

    for path in PAGES:
        value = portal.browser().get(path).headers["strict-transport-security"]
        assert value == "max-age=31536000; includeSubDomains"


@pytest.mark.spec("RFC 6797", "7.2")
def test_answers_over_plain_http_have_no_transport_security(portal: PortalServer) -> None:
    for path in PAGES:
        assert "strict-transport-security" not in portal.browser().get(path).headers


def test_a_logout_clears_cache_and_storage_but_no_cookies_of_others(tls_rig: PortalServer) -> None:
    browser = tls_rig.browser()
    browser.log_in("anna")

    assert browser.post("/accounts/logout/").headers["clear-site-data"] == '"cache", "storage"'
    assert browser.log_in("anna").status_code == 303
