"""Single sign-on that a policy requires: passwords log nobody in but one administrator."""

from urllib.parse import parse_qs, urlsplit

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.organizations.policies import store as policies
from gatepass.server.domain.organizations.policies.model import OPERATOR as OF_OPERATOR
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.testing import Clock
from server.portal.single_sign_on.company import REFUSED, SETUP, Company, sent


def test_the_right_password_of_a_connected_account_leads_to_the_provider(company: Company) -> None:
    company.connect("sven")
    company.require()
    browser = company.portal.browser()

    answer = browser.log_in("sven", next="/team/")

    assert answer.status_code == 200
    assert not browser.is_logged_in()
    assert company.come_back(browser, sent(answer)).headers["location"] == "/team/"
    assert browser.is_logged_in()


def test_a_wrong_password_gets_the_answer_that_it_always_gets(company: Company) -> None:
    company.connect("sven")
    company.require()

    wrong = company.portal.browser().log_in("sven", "wrong")
    unknown = company.portal.browser().log_in("nobody", "wrong")

    assert wrong.status_code == unknown.status_code == 400
    assert "The username or the password is wrong." in wrong.text


def test_an_account_that_is_not_connected_is_connected_on_the_way(company: Company) -> None:
    company.require()
    browser = company.portal.browser()

    company.come_back(browser, sent(browser.log_in("sven")))

    assert company.identities() == [("a1b2c3", "sven")]
    assert browser.is_logged_in()


def test_a_password_does_not_connect_a_subject_of_somebody_else(company: Company) -> None:
    company.connect("ulla")
    company.require()
    browser = company.portal.browser()

    back = company.come_back(browser, sent(browser.log_in("sven")))

    assert REFUSED in back.text
    assert company.identities() == [("a1b2c3", "ulla")]
    assert not browser.is_logged_in()


def test_the_emergency_administrator_keeps_the_password(company: Company) -> None:
    company.require()

    assert company.portal.as_("anna").is_logged_in()


def test_others_than_the_organization_are_not_concerned(company: Company) -> None:
    company.require()

    assert company.portal.as_("bo").is_logged_in()


def test_a_policy_of_the_operator_counts_once_the_organization_has_a_provider(
    company: Company,
) -> None:
    with company.portal.environment.database.write() as connection:
        policies.put(connection, OF_OPERATOR, StatedPolicy(single_sign_on="required"))

    assert company.portal.as_("bo").is_logged_in()
    assert sent(company.portal.browser().log_in("sven")).startswith(company.provider.issuer)


def test_turned_off_everybody_has_their_password_again(company: Company) -> None:
    company.require()
    company.portal.as_("anna").post(f"{SETUP}off/")

    assert company.portal.as_("sven").is_logged_in()


def test_the_emergency_administrator_cannot_be_disabled_lowered_or_deleted(
    company: Company,
) -> None:
    nora, anna = company.portal.as_("nora"), company.portal.person("anna")

    lowered = nora.post(f"/team/{anna.id}/role/", role="staff")
    disabled = nora.post(f"/team/{anna.id}/disable/")

    assert (lowered.status_code, disabled.status_code) == (409, 409)
    assert "whose password works in an emergency" in lowered.text
    assert company.portal.person("anna") == anna


def test_an_initial_password_of_an_administrator_does_not_open_a_connected_account(
    company: Company,
) -> None:
    company.connect("sven")
    company.require()
    portal = company.portal
    sven = portal.person("sven")
    _, given = initial_passwords.give_access(
        portal.environment.context,
        OPERATOR,
        sven.org_id,
        sven.id,
        None,
        initial=run(initial_passwords.new_password(portal.environment.hasher)),
    )
    browser = portal.browser()

    answer = browser.log_in("sven", given.value)

    assert urlsplit(sent(answer)).path == "/auth"
    assert not browser.is_logged_in()


def test_a_fresh_login_at_the_provider_is_a_fresh_proof_of_the_session(
    company: Company, clock: Clock
) -> None:
    sven = company.connect("sven")
    clock.advance(1000)
    [before] = _dated(company)

    url = company.go(sven, "/account/single-sign-on/proof/?next=/team/")
    back = company.come_back(sven, url)

    asked = parse_qs(urlsplit(url).query)
    assert (asked["max_age"], asked["prompt"]) == (["600"], ["login"])
    assert back.headers["location"] == "/team/"
    assert _dated(company) == [int(clock())] != [before]


def test_a_login_at_the_provider_that_is_old_or_not_dated_is_no_proof(
    company: Company, clock: Clock
) -> None:
    sven = company.connect("sven")
    before = _dated(company)
    for at in (int(clock()) - 700, None):
        company.provider.changed = {"auth_time": at}
        url = company.go(sven, "/account/single-sign-on/proof/")
        assert REFUSED in company.come_back(sven, url).text

    assert _dated(company) == before


def test_another_subject_proves_nothing_for_the_session(company: Company) -> None:
    sven = company.connect("sven")
    before = _dated(company)
    company.provider.person = {"sub": "somebody-else"}

    url = company.go(sven, "/account/single-sign-on/proof/")

    assert REFUSED in company.come_back(sven, url).text
    assert _dated(company) == before


def test_who_is_not_connected_has_nothing_to_prove_by(company: Company) -> None:
    sven = company.portal.as_("sven")

    assert sven.get("/account/single-sign-on/proof/").status_code == 404


def test_without_its_tables_everybody_logs_in_as_before(company: Company) -> None:
    portal = company.portal
    for table in ("attempt", "identity", "domain"):
        portal.run(f"DROP TABLE single_sign_on_{table}")
    portal.run("DROP TABLE single_sign_on")
    portal.run("UPDATE gatepass_schema SET revision = '0013'")
    portal.close()
    again = type(portal)(portal.settings.data, portal.clock, auto_migrate=False)
    company.portal = again
    anna = again.as_("anna")
    pages = [
        anna.get(path).status_code
        for path in ("/account/", SETUP, "/team/", "/accounts/single-sign-on/", company.start)
    ]
    saved = company.save(anna)
    again.close()

    assert pages == [200, 200, 200, 303, 303]
    assert saved.status_code == 409


def _dated(company: Company) -> list[int]:
    query = "SELECT at FROM proof WHERE method = 'single_sign_on' ORDER BY at"
    return [int(at) // 1000 for (at,) in company.portal.rows(query)]
