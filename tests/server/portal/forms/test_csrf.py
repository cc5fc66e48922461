"""Whose forms are accepted."""

import re

import pytest

from gatepass.server.configuration.environment_settings import EnvironmentSettings
from gatepass.server.domain.users.sessions.model import new_id
from gatepass.server.portal.forms import csrf
from gatepass.server.portal.route_table.route import Route
from gatepass.server.portal.routes import ROUTES
from server.portal.conftest import MakePortal
from server.portal.fixtures import Browser, PortalServer

FORM = "/accounts/sessions/end/"
UNSAFE = [rule for rule in ROUTES if rule.method != "GET"]


@pytest.mark.spec("ASVS", "3.5.1")
@pytest.mark.parametrize("rule", UNSAFE, ids=lambda rule: rule.path)
@pytest.mark.parametrize("token", [None, "0" * 48, "é" * 48], ids=["none", "another", "no token"])
def test_no_form_is_accepted_without_its_token(
    shared_portal: PortalServer,
    shared_browsers: dict[str, Browser],
    rule: Route,
    token: str | None,
) -> None:
    path = re.sub(r"{\w+:uuid}", "00000000-0000-4000-8000-000000000000", rule.path)
    browser = shared_portal.browser() if "login" in path else shared_browsers["anna"]
    before = shared_portal.actions()

    response = browser.send(path, {} if token is None else {"csrf": token})

    assert response.status_code == 403
    assert shared_portal.actions() == before
    assert shared_browsers["anna"].is_logged_in()


def test_the_token_of_another_session_is_not_accepted(portal: PortalServer) -> None:
    other = portal.as_("sven").csrf()

    assert portal.as_("anna").send(FORM, {"csrf": other}).status_code == 403


def test_the_token_from_before_the_login_is_not_accepted_after_it(portal: PortalServer) -> None:
    browser = portal.browser()
    before = browser.csrf()
    browser.log_in("anna")

    assert browser.send(FORM, {"csrf": before}).status_code == 403


def test_a_login_form_of_another_browser_is_not_accepted(portal: PortalServer) -> None:
    planted = portal.browser().csrf()

    form = {"csrf": planted, "username": "anna", "password": "x"}

    assert portal.browser().send("/accounts/login/", form).status_code == 403


@pytest.mark.parametrize(
    ("origin", "site", "status"),
    [
        ("http://localhost:8000", "same-origin", 303),
        ("http://localhost:8000", None, 303),
        (None, None, 303),
        (None, "none", 303),
        (None, "same-origin", 303),
        ("https://evil.example", "cross-site", 403),
        ("https://evil.example", None, 403),
        ("http://localhost:8001", "same-site", 403),
        ("http://localhost:8001", None, 403),
        ("https://localhost:8000", None, 403),
        ("http://localhost", None, 403),
        ("http://localhost:8000.evil.example", None, 403),
        ("null", None, 403),
        ("", None, 403),
        (None, "cross-site", 403),
        (None, "same-site", 403),
        (None, "", 403),
    ],
)
def test_a_right_token_from_another_place_is_not_accepted(
    portal: PortalServer, origin: str | None, site: str | None, status: int
) -> None:
    browser = portal.as_("anna")
    sent = {"origin": origin, "sec-fetch-site": site}
    headers = {name: value for name, value in sent.items() if value is not None}

    form = {"csrf": browser.csrf()}

    assert browser.client.post(FORM, data=form, headers=headers).status_code == status


def test_the_own_origin_is_https_where_the_environment_is(tls_rig: PortalServer) -> None:
    browser = tls_rig.as_("anna")
    form = {"csrf": browser.csrf()}

    assert browser.send(FORM, form, origin="http://app.example.com").status_code == 403
    assert browser.send(FORM, form, origin="https://app.example.com").status_code == 303


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("app.example.com:8443", "https://app.example.com:8443", 303),
        ("app.example.com", "https://app.example.com:8443", 303),  # a proxy has dropped the port
        ("App.Example.com.:8443", "https://app.example.com:8443", 303),
        ("app.example.com", "https://app.example.com:9443", 403),
        ("app.example.com", "https://sandbox.example.com:8443", 403),
    ],
)
def test_a_form_of_an_issuer_with_a_port_is_its_own_whatever_the_proxy_makes_of_the_host(
    make_portal: MakePortal, host: str, origin: str, status: int
) -> None:
    issuer = "https://app.example.com:8443"
    production = EnvironmentSettings(hosts=("app.example.com:8443",), issuer=issuer)
    browser = make_portal(production=production).as_("anna")
    form = {"csrf": browser.csrf()}
    sent = {"host": host, "origin": origin}

    assert browser.client.post(FORM, data=form, headers=sent).status_code == status


def test_a_token_does_not_give_its_owner_away() -> None:
    owner = new_id()

    assert csrf.token(owner) != csrf.token(new_id())
    assert owner.value not in csrf.token(owner)
    assert csrf.token(owner) == csrf.token(owner)


def test_a_form_that_is_no_form_is_refused(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    response = browser.client.post(FORM, json={"csrf": browser.csrf()})

    assert response.status_code == 400
