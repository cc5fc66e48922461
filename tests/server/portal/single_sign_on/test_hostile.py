"""What a provider, a network or a browser sends wrongly: one page, and the reason in the log."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from gatepass.loopback import Response
from gatepass.testing import Clock
from server.environment.openid_provider.fake_provider import FakeProvider, new_key
from server.portal.fixtures import Browser
from server.portal.single_sign_on.company import DOMAIN, REFUSED, Company


def refusal(company: Company, do: Callable[[Browser], Any]) -> str:
    """Return the reason in the log; the page and the audit trail have nothing of it."""
    browser = company.portal.browser()
    before = len(company.portal.rows("SELECT id_digest FROM session"))
    with capture_logs() as logs:
        page = do(browser)
    assert page.status_code == 400
    assert REFUSED in page.text
    [line] = [each for each in logs if each["event"] == "single_sign_on.refused"]
    reason = str(line["reason"])
    assert reason not in page.text
    assert len(company.portal.rows("SELECT id_digest FROM session")) == before
    [(detail,)] = company.portal.rows(
        "SELECT detail FROM audit WHERE action = 'single_sign_on.refused' ORDER BY id DESC LIMIT 1"
    )
    assert reason not in str(detail)
    return reason


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "the ID token is of another issuer"),
    "no issuer": ({"iss": None}, "the ID token is of another issuer"),
    "another audience": ({"aud": "other"}, "the ID token is for another client"),
    "one more audience": ({"aud": ["gatepass", "x"]}, "the ID token is for another client"),
    "no audience": ({"aud": None}, "the ID token is for another client"),
    "another party": ({"azp": "other"}, "the ID token was issued to another client"),
    "another nonce": ({"nonce": "x" * 43}, "the ID token has another nonce"),
    "no nonce": ({"nonce": None}, "the ID token has another nonce"),
    "a nonce that is a number": ({"nonce": 1}, "the ID token has another nonce"),
    "expired": ({"exp": 1_799_999_900}, "the ID token has expired"),
    "never ends": ({"exp": None}, "the ID token does not say when it was made and ends"),
    "ends at true": ({"exp": True}, "the ID token does not say when it was made and ends"),
    "an old one": ({"iat": 1_799_999_000}, "the ID token was not made now: compare the clocks"),
    "a future one": ({"iat": 1_800_000_100}, "the ID token was not made now: compare the clocks"),
    "not yet": ({"nbf": 1_800_000_100}, "the ID token is not valid yet: compare the clocks"),
    "no subject": ({"sub": None}, "the ID token has no subject"),
    "an empty subject": ({"sub": ""}, "the ID token has no subject"),
    "a long subject": ({"sub": "x" * 256}, "the ID token has no subject"),
    "a subject in two lines": ({"sub": "a\nb"}, "the subject is not printable ASCII"),
    "a log-in in the future": (
        {"auth_time": 1_800_000_100},
        "the log-in at the provider is in the future: compare the clocks",
    ),
    "another subject": (
        {"sub": "somebody-else"},
        "the subject is not connected, and nobody gets an account on arrival",
    ),
}


@pytest.mark.parametrize("what", CLAIMS)
def test_an_id_token_that_is_not_for_this_login_is_refused(company: Company, what: str) -> None:
    company.connect("sven")
    company.provider.changed, reason = CLAIMS[what]

    assert refusal(company, company.log_in) == reason


def other_key(provider: FakeProvider) -> str:
    provider.key = new_key("first")  # of the same name, and not published
    return "the ID token is the signature is wrong"


def unknown_key(provider: FakeProvider) -> str:
    provider.key = new_key("other")
    return "the ID token is signed with a key that the provider has not"


@pytest.mark.parametrize("break_", [other_key, unknown_key])
def test_a_token_that_the_providers_keys_did_not_sign_is_refused(
    company: Company, break_: Callable[[FakeProvider], str], clock: Clock
) -> None:
    company.connect("sven")
    clock.advance(60)

    reason = break_(company.provider)

    assert refusal(company, company.log_in) == reason


def test_a_key_that_changed_is_fetched_once_and_accepted(company: Company, clock: Clock) -> None:
    company.connect("sven")
    clock.advance(60)
    company.provider.key = new_key("second")
    company.provider.published = [company.provider.key]
    before = company.provider.requests.count("/jwks")

    assert company.log_in().status_code == 303
    assert company.provider.requests.count("/jwks") == before + 1


def test_names_of_keys_that_do_not_exist_make_few_requests(company: Company, clock: Clock) -> None:
    company.connect("sven")
    clock.advance(60)
    before = company.provider.requests.count("/jwks")
    for number in range(5):
        company.provider.key = new_key(f"made-up-{number}")
        assert company.log_in().status_code == 400

    assert company.provider.requests.count("/jwks") == before + 1


ANSWERS: dict[str, tuple[dict[str, str | None], str]] = {
    "of another issuer": (
        {"iss": "https://evil.example"},
        "the answer is of another issuer (iss)",
    ),
    "without the issuer": (
        {"iss": None},
        "the answer lacks the issuer (iss), which the provider always sends",
    ),
    "a refusal": (
        {"error": "access_denied", "code": None},
        "the provider answered access_denied",
    ),
    "a refusal with a long story": (
        {"error": "<script>alert(1)</script>"},
        "the provider answered an error without a code",
    ),
    "without a code": ({"code": None}, "the answer has no code"),
    "with a made-up code": ({"code": "x"}, "the token endpoint answered invalid_grant"),
    "with an endless code": ({"code": "x" * 5000}, "the answer has no code"),
    "with a mutated state": ({"state": "x" * 43}, "the state is unknown, or was used"),
    "without a state": ({"state": None}, "the state is unknown, or was used"),
}


@pytest.mark.spec("RFC 9207", "2.4")
@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_that_is_not_the_providers_is_refused(company: Company, what: str) -> None:
    company.connect("sven")
    changed, reason = ANSWERS[what]

    assert refusal(company, lambda browser: company.log_in(browser, **changed)) == reason


def test_a_provider_that_never_sends_the_issuer_may_leave_it_out(
    company: Company, clock: Clock
) -> None:
    company.connect("sven")
    company.provider.metadata = {"authorization_response_iss_parameter_supported": None}
    clock.advance(3601)

    assert company.log_in(iss=None).status_code == 303


def test_a_state_works_once(company: Company) -> None:
    company.connect("sven")
    browser = company.portal.browser()
    query = company.provider.authorize(company.go(browser))
    assert browser.get(company.callback, query).status_code == 303
    browser.client.cookies.delete("gatepass_session_live")

    again = refusal(company, lambda _: browser.get(company.callback, query))

    assert again == "the state is unknown, or was used"


def test_a_code_that_was_replayed_is_refused_by_the_provider(company: Company) -> None:
    company.connect("sven")
    first = company.portal.browser()
    query = company.provider.authorize(company.go(first))
    assert first.get(company.callback, query).status_code == 303

    def replayed(other: Browser) -> object:
        state = company.provider.authorize(company.go(other))["state"]
        return other.get(company.callback, {**query, "state": state})

    assert refusal(company, replayed) == "the token endpoint answered invalid_grant"


def test_a_code_of_another_browser_does_not_fit_the_verifier(company: Company) -> None:
    """An attacker who sends their own code to a victim logs nobody in as the attacker."""
    company.connect("sven")
    attackers = company.provider.authorize(company.go(company.portal.browser()))

    def lured(victim: Browser) -> object:
        state = company.provider.authorize(company.go(victim))["state"]
        return victim.get(company.callback, {**attackers, "state": state})

    assert refusal(company, lured) == "the token endpoint answered invalid_grant"


def test_a_state_of_another_browser_is_refused_and_used_up(company: Company) -> None:
    company.connect("sven")
    owner = company.portal.browser()
    query = company.provider.authorize(company.go(owner))

    def stolen(other: Browser) -> object:
        other.get("/accounts/login/")
        return other.get(company.callback, query)

    assert refusal(company, stolen) == "the state is of another browser"
    assert refusal(company, lambda _: owner.get(company.callback, query)) == (
        "the state is unknown, or was used"
    )


def test_a_state_is_late_after_ten_minutes(company: Company, clock: Clock) -> None:
    company.connect("sven")
    browser = company.portal.browser()
    query = company.provider.authorize(company.go(browser))
    clock.advance(600)

    late = refusal(company, lambda _: browser.get(company.callback, query))

    assert late == "the state has expired"


def test_a_state_of_another_organization_is_refused(company: Company) -> None:
    company.connect("sven")
    bolt = company.portal.person("bo").org_id

    def elsewhere(browser: Browser) -> object:
        query = company.provider.authorize(company.go(browser))
        return browser.get(f"/accounts/single-sign-on/{bolt}/callback/?{urlencode(query)}")

    assert refusal(company, elsewhere) == "the state is of another organization"


def test_a_provider_that_was_changed_or_turned_off_meanwhile_lets_nobody_in(
    company: Company,
) -> None:
    company.connect("sven")
    off, changed = company.portal.browser(), company.portal.browser()
    queries = [company.provider.authorize(company.go(each)) for each in (off, changed)]
    anna = company.portal.as_("anna")
    anna.post("/team/single-sign-on/off/")

    assert refusal(company, lambda _: off.get(company.callback, queries[0])) == (
        "the state is unknown, or was used"
    )
    company.save(anna, client_id="another")
    assert refusal(company, lambda _: changed.get(company.callback, queries[1])) == (
        "the state is unknown, or was used"
    )


EMAILS: dict[str, tuple[dict[str, Any], str]] = {
    "not verified": (
        {"email_verified": False},
        "the email address is missing or not verified",
    ),
    "nothing said": ({"email_verified": None}, "the email address is missing or not verified"),
    "verified in other words": (
        {"email_verified": "yes"},
        "the email address is missing or not verified",
    ),
    "no address": ({"email": None}, "the email address is missing or not verified"),
    "an address that is none": (
        {"email": f"a b@{DOMAIN}"},
        "the email address is missing or not verified",
    ),
    "another domain": (
        {"email": "anna@evil.example"},
        "the domain of the email address is not proved",
    ),
    "a domain below": (
        {"email": f"anna@sub.{DOMAIN}"},
        "the domain of the email address is not proved",
    ),
    "a domain that ends alike": (
        {"email": f"anna@evil{DOMAIN}"},
        "the domain of the email address is not proved",
    ),
    "two domains": (
        {"email": f"anna@evil.example@{DOMAIN}"},
        "the email address is missing or not verified",
    ),
}


@pytest.mark.parametrize("what", EMAILS)
def test_nobody_gets_an_account_for_an_address_that_nobody_vouches_for(
    company: Company, what: str
) -> None:
    company.save_people()
    company.provider.changed, reason = EMAILS[what]

    assert refusal(company, company.log_in) == reason


def test_an_account_is_never_taken_over_because_of_its_address(company: Company) -> None:
    company.save_people()
    company.provider.person["email"] = "nora@acme.example"  # an administrator's, not connected

    assert refusal(company, company.log_in) == (
        "an account that is not connected has the email address"
    )
    assert company.identities() == []


def test_the_userinfo_of_another_subject_is_refused(company: Company, clock: Clock) -> None:
    company.connect("sven")
    company.provider.userinfo = {"sub": "somebody-else", "email": f"boss@{DOMAIN}"}
    company.provider.changed = {"email": None}
    clock.advance(3601)

    assert refusal(company, company.log_in) == (
        "the UserInfo endpoint answered for another subject"
    )


def test_disabled_people_and_those_of_a_suspended_organization_are_refused(
    company: Company,
) -> None:
    company.connect("sven")
    company.portal.run("UPDATE person SET disabled_at = 1 WHERE username = 'sven'")
    assert refusal(company, company.log_in) == "the account is disabled"
    company.portal.run("UPDATE person SET disabled_at = NULL WHERE username = 'sven'")
    company.portal.run("UPDATE organization SET suspended_at = 1 WHERE name = 'Acme Energy'")

    assert refusal(company, company.log_in) == "the organization is suspended"


BROKEN: dict[str, tuple[Response, str]] = {
    "no JSON": (Response(200, b"<html>"), "the token endpoint answered 200, and not in JSON"),
    "no ID token": (Response(200, b"{}"), "the provider sent no ID token"),
    "no JWT": (
        Response(200, b'{"id_token": "x"}'),
        "the ID token is the header is not base64url of a JSON object",
    ),
    "a JWT without a signature": (
        Response(200, b'{"id_token": "eyJhbGciOiJub25lIn0.e30."}'),
        "the ID token is signed with an unknown key",
    ),
    "a redirect": (
        Response(302, b"", {"location": "http://169.254.169.254/"}),
        "127.0.0.1 answered with a redirect, which is not followed",
    ),
    "too much": (
        Response(200, b" " * 200_000),
        "127.0.0.1 answered more than 131072 bytes",
    ),
    "compressed": (
        Response(200, b"{}", {"content-encoding": "gzip"}),
        "127.0.0.1 answered compressed, which was not accepted",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_answer_of_the_token_endpoint_that_cannot_be_used_is_refused(
    company: Company, what: str
) -> None:
    company.connect("sven")
    company.provider.answers["/token"], reason = BROKEN[what]

    assert refusal(company, company.log_in) == reason


def test_a_provider_that_is_away_is_said_to_be_away(company: Company, clock: Clock) -> None:
    company.connect("sven")
    company.provider.answers["/token"] = Response(503)
    during = company.log_in()
    company.provider.answers["/.well-known/openid-configuration"] = Response(0)
    clock.advance(3601)
    before = company.portal.browser().get(company.start)

    assert (during.status_code, before.status_code) == (503, 503)
    assert "Your provider does not answer" in during.text
    assert "Your provider does not answer" in before.text


def test_no_secret_is_in_the_log_or_the_database(company: Company) -> None:
    company.connect("sven")
    browser = company.portal.browser()
    url = company.go(browser)
    with capture_logs() as logs:
        company.come_back(browser, url, code="s3cretcode")
        query = company.provider.authorize(company.go(company.portal.browser()))
        company.portal.browser().get(company.callback, query)

    written = str(logs).encode() + company.portal.dump()
    for secret in ("s3cretcode", query["state"], query["code"] + '"', "s3cret~of+the/client"):
        assert secret.encode() not in written
