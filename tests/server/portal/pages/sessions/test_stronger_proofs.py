"""A fresh proof by the strongest method that the person has; a recovery code where it is lost."""

import pytest

from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator, options_in
from server.portal.factors.people import App, add_app, add_passkey, recovery_codes
from server.portal.fixtures import PASSWORD, Browser, PortalServer
from server.portal.pages.sessions.verifying import ASKED, VERIFY, hidden, prove
from server.portal.pages.test_registration import GOOD, REGISTER

STALE = 600.0  # seconds


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


@pytest.fixture
def app(anna: Browser, clock: Clock) -> App:
    return add_app(anna, clock)


def applications(portal: PortalServer) -> int:
    return int(portal.rows("SELECT count(*) FROM application")[0][0])


def test_who_has_an_app_is_asked_for_its_code_and_the_password_does_not_do(
    portal: PortalServer, anna: Browser, app: App, clock: Clock
) -> None:
    clock.advance(STALE)
    asked = anna.post(REGISTER, **GOOD)
    assert "Code of the app" in asked.text

    refused = anna.send(VERIFY, {**hidden(asked.text), "current_password": PASSWORD})
    chosen = anna.send(
        VERIFY, {**hidden(asked.text), "way": "password", "current_password": PASSWORD}
    )

    assert (refused.status_code, chosen.status_code, applications(portal)) == (400, 400, 0)
    assert prove(anna, asked, code=app.code()).status_code == 303
    assert applications(portal) == 1


def test_a_code_of_the_app_works_once_and_a_wrong_one_never(
    portal: PortalServer, anna: Browser, app: App, clock: Clock
) -> None:
    clock.advance(STALE)
    asked = anna.post(REGISTER, **GOOD)
    wrong = prove(anna, asked, code="000000" if app.code() != "000000" else "111111")
    assert 'id="code-error"' in wrong.text
    used = app.code()
    assert prove(anna, asked, code=used).status_code == 303
    anna.post("/accounts/logout/")

    second = portal.browser()
    second.log_in("anna")
    again = second.post("/accounts/login/second-step/", code=used)

    assert again.status_code == 400
    assert portal.actions().count("step_up.refused") == 1


def test_guesses_at_the_code_are_slowed_down(anna: Browser, app: App, clock: Clock) -> None:
    clock.advance(STALE)
    page = anna.post(REGISTER, **GOOD)
    for _ in range(5):
        page = prove(anna, page, code="000000" if app.code() != "000000" else "111111")
        assert page.status_code == 400

    assert prove(anna, page, code=app.code()).status_code == 429


@pytest.mark.usefixtures("app")
def test_a_recovery_code_does_where_the_app_is_lost(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    code = recovery_codes(anna)[0]
    clock.advance(STALE)
    asked = anna.post(REGISTER, **GOOD)
    assert "Use a recovery code instead" in asked.text

    other = anna.send(VERIFY, {**hidden(asked.text), "choose": "recovery_code"})
    assert (other.status_code, applications(portal)) == (403, 0)
    done = prove(anna, other, recovery_code=code)

    assert (done.status_code, applications(portal)) == (303, 1)
    clock.advance(STALE)
    page = anna.post(REGISTER, **{**GOOD, "name": "Second"})
    page = anna.send(VERIFY, {**hidden(page.text), "choose": "recovery_code"})
    assert prove(anna, page, recovery_code=code).status_code == 400


def test_who_has_a_passkey_is_asked_for_it_and_for_no_code(
    portal: PortalServer, anna: Browser, app: App, clock: Clock
) -> None:
    key = Authenticator(portal.environment.issuer)
    assert add_passkey(anna, key).status_code == 303
    clock.advance(STALE)
    asked = anna.post(REGISTER, **GOOD)
    assert "data-passkey-options" in asked.text

    refused = anna.send(VERIFY, {**hidden(asked.text), "way": "totp", "code": app.code()})
    assert (refused.status_code, applications(portal)) == (400, 0)
    answer = key.get(options_in(asked.text))
    done = prove(anna, asked, credential=answer)

    assert (done.status_code, applications(portal)) == (303, 1)


def test_an_answer_of_a_passkey_works_once(
    portal: PortalServer, anna: Browser, clock: Clock
) -> None:
    key = Authenticator(portal.environment.issuer)
    add_passkey(anna, key)
    clock.advance(STALE)
    asked = anna.post(REGISTER, **GOOD)
    answer = key.get(options_in(asked.text))
    assert prove(anna, asked, credential=answer).status_code == 303
    clock.advance(STALE)
    second = anna.post(REGISTER, **{**GOOD, "name": "Second"})

    assert prove(anna, second, credential=answer).status_code == 400
    assert prove(anna, second, credential="{}").status_code == 400
    assert applications(portal) == 1


def test_a_login_with_its_second_step_is_a_proof_by_whichever_factor(
    portal: PortalServer, anna: Browser, app: App, clock: Clock
) -> None:
    key = Authenticator(portal.environment.issuer)
    add_passkey(anna, key)
    clock.advance(60)
    other = portal.browser()
    other.log_in("anna")
    assert other.post("/accounts/login/second-step/", code=app.code()).status_code == 303

    assert other.post(REGISTER, **GOOD).status_code == 303
    clock.advance(STALE)
    assert ASKED in other.post(REGISTER, **{**GOOD, "name": "Second"}).text


def test_to_change_the_password_takes_a_second_factor_first_where_there_is_one(
    anna: Browser, app: App, clock: Clock
) -> None:
    clock.advance(STALE)

    asked = anna.get("/accounts/password/")
    page = anna.get(asked.headers["location"])
    done = prove(anna, page, code=app.code())

    assert asked.headers["location"] == "/accounts/verify/?next=/accounts/password/"
    assert done.headers["location"] == "/accounts/password/"
    assert anna.get("/accounts/password/").status_code == 200


def test_passwords_that_waited_are_not_kept_and_the_form_opens_again(
    portal: PortalServer, anna: Browser, app: App, clock: Clock
) -> None:
    clock.advance(STALE)
    new = "eleven copper kettles in the rain"
    form = {"current_password": PASSWORD, "new_password": new, "new_password_again": new}

    asked = anna.post("/accounts/password/", **form)
    done = prove(anna, asked, code=app.code())

    assert "Passwords and codes that you typed are not kept." in asked.text
    assert new not in asked.text
    assert done.headers["location"] == "/accounts/password/"
    assert portal.actions().count("person.password_changed") == 0


def test_a_factor_is_added_only_with_a_fresh_proof(anna: Browser, clock: Clock) -> None:
    clock.advance(STALE)

    asked = anna.get("/account/factors/apps/add/")

    assert asked.headers["location"] == "/accounts/verify/?next=/account/factors/apps/add/"
    assert prove(anna, anna.get(asked.headers["location"])).status_code == 303
    add_app(anna, clock)
