"""The login of somebody who has a second factor: the password alone opens nothing."""

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from gatepass.server.domain.users.factors import operations as factors
from gatepass.server.domain.users.factors.checks import totp_purpose
from gatepass.server.storage import master_key
from gatepass.server.storage.master_key import MasterKey
from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator, options_in
from server.portal.factors.people import (
    SECOND_STEP,
    App,
    add_app,
    add_passkey,
    recovery_codes,
)
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, Browser, PortalServer
from server.portal.mailbox import MailingPortal

MINUTE = 60


@pytest.fixture
def app(portal: PortalServer, clock: Clock) -> App:
    return add_app(portal.as_("anna"), clock)


def at_second_step(portal: PortalServer, username: str = "anna", **form: str) -> Browser:
    browser = portal.browser()
    response = browser.log_in(username, **form)
    assert response.headers["location"].startswith(SECOND_STEP), response.text
    return browser


@pytest.mark.spec("ASVS", "6.3.3")
def test_a_right_password_leads_to_the_second_step_and_a_code_logs_in(
    portal: PortalServer, app: App
) -> None:
    browser = at_second_step(portal)
    assert not browser.is_logged_in()

    done = browser.post(SECOND_STEP, code=app.code())

    assert (done.status_code, done.headers["location"]) == (303, "/oauth2/applications/")
    assert browser.is_logged_in()
    query = "SELECT method FROM proof JOIN session ON session_digest = id_digest ORDER BY "
    assert portal.rows(query + "session.created_at DESC, method LIMIT 2") == [
        ("password",),
        ("totp",),
    ]
    assert portal.rows("SELECT detail FROM audit WHERE action = 'login' ORDER BY id")[-1] == (
        '{"methods": "password totp"}',
    )
    assert portal.rows("SELECT * FROM pending_login") == []


@pytest.mark.usefixtures("app")
def test_somebody_without_a_factor_logs_in_with_the_password_alone(portal: PortalServer) -> None:
    assert portal.as_("sven").is_logged_in()


@pytest.mark.spec("ASVS", "6.3.8")
@pytest.mark.usefixtures("app")
def test_a_wrong_password_says_nothing_of_the_second_step(portal: PortalServer) -> None:
    with_factor = portal.browser().log_in("anna", "wrong")
    without = portal.browser().log_in("sven", "wrong")

    assert with_factor.status_code == without.status_code == 400
    assert "second-step" not in with_factor.headers.get("location", "")


def test_the_second_step_goes_on_to_the_page_that_was_asked_for(
    portal: PortalServer, app: App
) -> None:
    browser = portal.browser()
    location = browser.log_in("anna", next="/team/").headers["location"]
    assert location == f"{SECOND_STEP}?next=/team/"

    done = browser.post(SECOND_STEP, code=app.code(), next="/team/")

    assert done.headers["location"] == "/team/"


def test_a_form_that_was_saved_before_the_login_comes_back_after_the_second_step(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    app = add_app(browser, clock)
    clock.advance(24 * 60 * MINUTE)
    saved = browser.send("/team/add/", {"csrf": "old", "username": "carla", "role": "staff"})
    parts = hidden(saved.text)
    step = browser.log_in("anna", **parts)
    assert "Second step" in step.text

    done = browser.post(SECOND_STEP, code=app.code(), **hidden(step.text))

    assert "Check what you typed" in done.text
    assert 'value="carla"' in done.text


def hidden(page: str) -> dict[str, str]:
    lines = [line for line in page.splitlines() if 'name="saved_form_' in line]
    return {line.split('"')[3]: line.split('"')[5] for line in lines}


@pytest.mark.spec("RFC 6238", "5.2")
@pytest.mark.spec("ASVS", "6.5.1")
def test_a_code_works_once(portal: PortalServer, app: App) -> None:
    code = app.code()
    at_second_step(portal).post(SECOND_STEP, code=code)
    again = at_second_step(portal)

    assert again.post(SECOND_STEP, code=code).status_code == 400
    assert not again.is_logged_in()


@pytest.mark.spec("RFC 6238", "5.2")
@pytest.mark.parametrize(
    ("seconds", "is_accepted"), [(-61, False), (-30, True), (30, True), (61, False)]
)
def test_a_clock_may_be_off_by_one_step(
    portal: PortalServer, clock: Clock, app: App, seconds: float, *, is_accepted: bool
) -> None:
    clock.advance(5 * MINUTE)
    browser = at_second_step(portal)

    browser.post(SECOND_STEP, code=app.code(seconds))

    assert browser.is_logged_in() is is_accepted


@pytest.mark.parametrize("code", ["000000", "12345", "abcdef", "١٢٣٤٥٦", "1" * 4000, " "])
@pytest.mark.usefixtures("app")
def test_a_wrong_code_is_said_beside_its_field(portal: PortalServer, code: str) -> None:
    browser = at_second_step(portal)

    refused = browser.post(SECOND_STEP, code=code)

    assert refused.status_code == 400
    assert 'id="code-error"' in refused.text
    assert not browser.is_logged_in()


@pytest.mark.spec("ASVS", "6.3.1")
def test_guesses_of_a_code_must_wait_and_a_right_password_forgets_none(
    portal: PortalServer, app: App
) -> None:
    browser = at_second_step(portal)
    for _ in range(5):
        assert browser.post(SECOND_STEP, code="000000").status_code == 400
    browser = at_second_step(portal)

    refused = browser.post(SECOND_STEP, code=app.code())

    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert portal.actions()[-5:] == ["login.refused"] * 5


def test_the_owner_in_a_known_browser_does_not_wait_for_a_strangers_guesses(
    portal: PortalServer, clock: Clock
) -> None:
    mine = portal.as_("anna", "192.0.2.1")
    app = add_app(mine, clock)
    mine.post("/accounts/logout/")
    stranger = at_second_step(portal)
    for _ in range(6):
        stranger.post(SECOND_STEP, code="000000")

    mine.log_in("anna")
    mine.post(SECOND_STEP, code=app.code())

    assert mine.is_logged_in()


def test_the_second_step_must_be_taken_within_ten_minutes(
    portal: PortalServer, clock: Clock, app: App
) -> None:
    browser = at_second_step(portal)
    clock.advance(10 * MINUTE)

    late = browser.post(SECOND_STEP, code=app.code())

    assert late.status_code == 400
    assert "Log in again." in late.text
    assert 'action="/accounts/login/"' in late.text
    assert not browser.is_logged_in()


def test_the_cookie_of_a_waiting_login_is_worth_nothing_afterwards(
    portal: PortalServer, clock: Clock, app: App
) -> None:
    browser = at_second_step(portal)
    kept = dict(browser.client.cookies)
    browser.post(SECOND_STEP, code=app.code())
    clock.advance(30)
    thief = portal.browser()
    for name, value in kept.items():
        thief.client.cookies.set(name, value)

    assert thief.post(SECOND_STEP, code=app.code()).status_code == 400
    assert not thief.is_logged_in()


@pytest.mark.parametrize("change", ["password_hash = 'other'", "disabled_at = 1"])
def test_an_account_that_changes_meanwhile_ends_the_second_step(
    portal: PortalServer, app: App, change: str
) -> None:
    browser = at_second_step(portal)
    portal.run(f"UPDATE person SET {change} WHERE username = 'anna'")

    assert "Log in again." in browser.post(SECOND_STEP, code=app.code()).text
    assert not browser.is_logged_in()


def test_nobody_takes_the_second_step_without_the_first(portal: PortalServer, app: App) -> None:
    browser = portal.browser()

    assert "Log in again." in browser.get(SECOND_STEP).text
    assert "Log in again." in browser.post(SECOND_STEP, code=app.code()).text
    assert not browser.is_logged_in()


@pytest.mark.spec("ASVS", "6.4.4")
def test_a_recovery_code_works_once_however_it_is_typed(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    add_app(browser, clock)
    code, *_ = recovery_codes(browser)
    typed = f" {code.upper().replace('-', ' ')} "
    first = at_second_step(portal)
    first.post(SECOND_STEP, recovery_code=typed)
    second = at_second_step(portal)

    refused = second.post(SECOND_STEP, recovery_code=code)

    assert first.is_logged_in()
    assert 'id="recovery_code-error"' in refused.text
    assert "9 recovery codes left" in first.get("/account/").text
    assert "factor.recovery_code_used" in portal.actions()


def test_a_recovery_code_of_somebody_else_does_not_work(portal: PortalServer, clock: Clock) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    add_app(anna, clock)
    add_app(sven, clock)
    [code, *_] = recovery_codes(sven)
    browser = at_second_step(portal)

    assert browser.post(SECOND_STEP, recovery_code=code).status_code == 400


def test_a_code_of_somebody_elses_app_does_not_work(portal: PortalServer, clock: Clock) -> None:
    anna, sven = portal.as_("anna"), portal.as_("sven")
    add_app(anna, clock)
    other = add_app(sven, clock)

    assert at_second_step(portal).post(SECOND_STEP, code=other.code()).status_code == 400


def test_a_passkey_is_a_second_step(portal: PortalServer) -> None:
    authenticator = Authenticator(verifies=False)
    add_passkey(portal.as_("anna"), authenticator)
    browser = at_second_step(portal)
    options = options_in(browser.get(SECOND_STEP).text)

    browser.post(SECOND_STEP, credential=authenticator.get(options))

    assert browser.is_logged_in()
    assert options["userVerification"] == "preferred"
    assert len(options["allowCredentials"]) == 1


@pytest.mark.spec("ASVS", "6.4.3")
def test_a_recovered_password_neither_removes_nor_satisfies_the_second_factor(
    mailing: MailingPortal, clock: Clock
) -> None:
    mailing.confirm("anna", "anna@acme.example")
    app = add_app(mailing.as_("anna"), clock)
    mailing.browser().post("/accounts/recover/", email="anna@acme.example")
    [path] = mailing.paths("anna@acme.example")
    mailing.browser().post(path, new_password=NEW_PASSWORD, new_password_again=NEW_PASSWORD)
    browser = mailing.browser()

    assert browser.log_in("anna", NEW_PASSWORD).headers["location"] == SECOND_STEP
    assert not browser.is_logged_in()
    browser.post(SECOND_STEP, code=app.code())
    assert browser.is_logged_in()


def test_no_code_nor_secret_is_in_the_database_in_clear(portal: PortalServer, clock: Clock) -> None:
    browser = portal.as_("anna")
    app = add_app(browser, clock)
    codes = recovery_codes(browser)
    at_second_step(portal).post(SECOND_STEP, code=app.code())

    dump = portal.dump()

    assert app.secret not in dump
    assert not [code for code in codes if code.encode() in dump]
    assert PASSWORD.encode() not in dump


def test_a_new_master_key_encrypts_the_secrets_again(portal: PortalServer, clock: Clock) -> None:
    app = add_app(portal.as_("anna"), clock)
    context = portal.environment.context
    [(earlier,)] = portal.rows("SELECT encrypted FROM authenticator_app")
    new = master_key.generate()
    both = MasterKey(new, *master_key.parse(context.master_key.text(), "the key"))

    changed = [factors.encrypt_again(replace(context, master_key=both)) for _ in range(2)]
    browser = at_second_step(portal)
    browser.post(SECOND_STEP, code=app.code())

    [(encrypted,)] = portal.rows("SELECT encrypted FROM authenticator_app")
    purpose = totp_purpose(portal.person("anna").id.hex)
    assert changed == [1, 0]
    assert MasterKey(new).decrypt(encrypted, purpose) == app.secret
    assert context.master_key.decrypt(earlier, purpose) == app.secret
    assert not browser.is_logged_in()  # this server has the earlier key alone


def test_a_secret_that_no_key_decrypts_is_logged_and_the_other_ways_work(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    app = add_app(browser, clock)
    [code, *_] = recovery_codes(browser)
    portal.run("UPDATE authenticator_app SET encrypted = X'00112233445566778899AABBCCDDEEFF0011'")
    step = at_second_step(portal)

    with capture_logs() as logs:
        refused = step.post(SECOND_STEP, code=app.code())
    step.post(SECOND_STEP, recovery_code=code)

    assert refused.status_code == 400
    assert "factor.unreadable" in [log["event"] for log in logs]
    assert step.is_logged_in()
    assert factors.encrypt_again(portal.environment.context) == 0


def test_no_code_is_in_the_log(portal: PortalServer, app: App) -> None:
    code = app.code()
    with capture_logs() as logs:
        at_second_step(portal).post(SECOND_STEP, code=code)
        at_second_step(portal).post(SECOND_STEP, code=code)

    assert code not in str(logs)
