"""People who come from their organization's provider."""

from urllib.parse import parse_qs, urlsplit

import pytest

from server.portal.fixtures import PASSWORD, Browser
from server.portal.single_sign_on.company import DOMAIN, Company, sent


def test_somebody_whose_account_is_connected_logs_in_through_the_provider(company: Company) -> None:
    company.connect("sven")
    browser = company.portal.browser()

    back = company.log_in(browser)

    assert (back.status_code, back.headers["location"]) == (303, "/oauth2/applications/")
    assert "sven" in browser.get("/account/").text
    assert company.identities() == [("a1b2c3", "sven")]


def test_the_provider_is_found_by_the_domain_of_the_address_alone(company: Company) -> None:
    browser = company.portal.browser()
    url = sent(browser.post("/accounts/single-sign-on/", email=f"Nobody.Here@{DOMAIN.upper()}"))
    unknown = browser.post("/accounts/single-sign-on/", email="anna@bolt.example")

    assert parse_qs(urlsplit(url).query)["login_hint"] == ["Nobody.Here@ACME.EXAMPLE"]
    assert unknown.status_code == 400
    assert "No organization logs in here with addresses of this domain." in unknown.text
    assert 'value="anna@bolt.example"' in unknown.text


def test_a_domain_that_is_not_proved_leads_nowhere(company: Company) -> None:
    anna = company.portal.as_("anna")
    anna.post("/team/single-sign-on/domains/", domain="other.example")

    answer = company.portal.browser().post("/accounts/single-sign-on/", email="a@other.example")

    assert answer.status_code == 400


@pytest.mark.spec("RFC 7636", "4.3")
@pytest.mark.spec("RFC 9700", "4.4.2.2")
def test_the_request_has_pkce_a_state_a_nonce_and_the_organizations_own_redirect_uri(
    company: Company,
) -> None:
    first, second = (
        parse_qs(urlsplit(company.go(company.portal.browser())).query) for _ in range(2)
    )

    issuer = company.portal.environment.issuer
    assert first["redirect_uri"] == [f"{issuer}{company.callback}"]
    assert first["scope"] == ["openid email profile"]
    for random in ("state", "nonce", "code_challenge"):
        assert len(first[random][0]) >= 43
        assert first[random] != second[random]


def test_the_login_leads_to_the_page_that_was_asked_for_and_to_none_of_another_host(
    company: Company,
) -> None:
    company.connect("sven")

    def after(next_path: str) -> str:
        browser = company.portal.browser()
        url = company.go(browser, f"{company.start}?next={next_path}")
        return str(company.come_back(browser, url).headers["location"])

    assert after("/team/") == "/team/"
    assert after("//evil.example/") == "/oauth2/applications/"


def test_a_login_is_recorded_with_its_method_and_dated_by_the_provider(company: Company) -> None:
    company.connect("sven")
    portal = company.portal
    company.provider.changed = {"auth_time": int(portal.clock()) - 3600}

    company.log_in()

    detail = portal.rows("SELECT detail FROM audit WHERE action = 'login' ORDER BY id DESC LIMIT 1")
    assert "single_sign_on" in str(detail[0][0])
    [(at,)] = portal.rows(
        "SELECT at FROM proof WHERE method = 'single_sign_on' ORDER BY at LIMIT 1"
    )
    assert at // 1000 == int(portal.clock()) - 3600


def test_without_the_providers_word_a_login_is_no_fresh_proof(company: Company) -> None:
    company.connect("sven")
    browser = company.portal.browser()
    company.log_in(browser)
    company.portal.run("DELETE FROM single_sign_on_identity")

    refused = browser.post("/account/single-sign-on/connect/")

    assert refused.status_code == 403
    assert "Confirm that it is you" in refused.text


def test_passwords_still_log_in_where_no_policy_says_otherwise(company: Company) -> None:
    company.connect("sven")

    assert company.portal.as_("sven").is_logged_in()


def test_the_login_page_offers_it_only_where_an_organization_has_it(company: Company) -> None:
    words = "Log in with your company"
    assert words in company.portal.browser().get("/accounts/login/").text
    company.portal.as_("anna").post("/team/single-sign-on/off/")

    assert words not in company.portal.browser().get("/accounts/login/").text


def test_an_organization_without_it_and_an_unknown_one_get_the_same_page(company: Company) -> None:
    bolt = company.portal.person("bo").org_id
    unknown = "00000000-0000-4000-8000-000000000000"
    pages = [
        company.portal.browser().get(f"/accounts/single-sign-on/{org_id}/")
        for org_id in (bolt, unknown)
    ]

    assert [each.status_code for each in pages] == [404, 404]
    assert pages[0].text.replace(str(bolt), unknown) == pages[1].text  # links name the page
    assert "No single sign-on here" in pages[0].text


def test_the_two_environments_have_nothing_of_each_other(company: Company) -> None:
    sandbox = company.portal.browser(sandbox=True)
    url = company.go(company.portal.browser())

    assert sandbox.get(company.start).status_code == 404
    query = company.provider.authorize(url)
    assert sandbox.get(company.callback, query).status_code == 400


def test_too_many_attempts_from_one_network_wait_and_finished_ones_do_not_count(
    company: Company,
) -> None:
    company.connect("sven")
    for _ in range(3):
        company.log_in()
    statuses = {company.portal.browser().get(company.start).status_code for _ in range(60)}
    refused = company.portal.browser().get(company.start)
    elsewhere = company.portal.browser("198.51.100.7").get(company.start)

    assert statuses == {303}
    assert refused.status_code == 429
    assert elsewhere.status_code == 303


def test_a_head_request_uses_nothing_up(company: Company) -> None:
    company.connect("sven")
    browser = company.portal.browser()
    query = company.provider.authorize(company.go(browser))

    assert browser.client.head(company.callback, params=query).status_code == 400
    assert browser.get(company.callback, query).status_code == 303


def logged_in(browser: Browser) -> str:
    return browser.log_in("sven", PASSWORD).headers["location"]


def test_somebody_who_is_logged_in_is_not_sent_to_the_provider(company: Company) -> None:
    sven = company.portal.as_("sven")

    assert sven.get(company.start).headers["location"] == "/oauth2/applications/"
    assert sven.get("/accounts/single-sign-on/").headers["location"] == "/oauth2/applications/"
