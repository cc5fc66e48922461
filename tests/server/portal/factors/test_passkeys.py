"""Passkeys: added, used in place of the password, and every way in which one is not accepted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from gatepass.jose.base64url import decode, encode
from gatepass.testing import Clock
from server.portal.factors.authenticator import Authenticator, options_in
from server.portal.factors.people import (
    FACTORS,
    PASSKEYS,
    SECOND_STEP,
    add_app,
    add_passkey,
    recovery_codes,
)
from server.portal.fixtures import Browser, PortalServer
from server.portal.mailbox import MailingPortal

LOGIN, WITH_PASSKEY = "/accounts/login/", "/accounts/login/passkey/"
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def passkey(portal: PortalServer) -> Authenticator:
    authenticator = Authenticator()
    assert add_passkey(portal.as_("anna"), authenticator).status_code == 303
    return authenticator


def asked(browser: Browser, path: str = LOGIN) -> dict[str, Any]:
    return options_in(browser.get(path).text)


def log_in(browser: Browser, authenticator: Authenticator, **changes: object) -> int:
    answer = authenticator.get(asked(browser), **changes)
    return browser.post(WITH_PASSKEY, credential=answer).status_code


def test_the_first_passkey_comes_with_ten_recovery_codes_shown_once(portal: PortalServer) -> None:
    browser = portal.as_("anna")

    added = add_passkey(browser, Authenticator(), "Work laptop")

    assert added.headers["location"] == f"{FACTORS}recovery-codes/"
    assert len(set(recovery_codes(browser))) == 10
    assert recovery_codes(browser) == []
    assert "Work laptop" in browser.get(FACTORS).text
    assert portal.actions()[-1] == "factor.added"


@pytest.mark.spec("ASVS", "6.3.3")
def test_a_passkey_alone_logs_in_where_it_has_verified_its_user(
    portal: PortalServer, passkey: Authenticator
) -> None:
    browser = portal.browser()
    options = asked(browser)

    done = browser.post(WITH_PASSKEY, credential=passkey.get(options), next="/team/")

    assert (done.status_code, done.headers["location"]) == (303, "/team/")
    assert browser.is_logged_in()
    assert (options["userVerification"], options["allowCredentials"]) == ("required", [])
    assert portal.rows("SELECT detail FROM audit WHERE action = 'login' ORDER BY id")[-1] == (
        '{"methods": "passkey"}',
    )


def test_a_security_key_that_verifies_nobody_is_no_log_in_alone(
    portal: PortalServer, passkey: Authenticator
) -> None:
    passkey.verifies = False
    browser = portal.browser()

    assert log_in(browser, passkey) == 400
    assert not browser.is_logged_in()


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://localhost.evil.example"},
        {"origin": "http://localhost:8001"},
        {"type": "webauthn.create"},
        {"challenge": encode(b"x" * 52)},
        {"challenge": ""},
        {"challenge": None},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_what_was_signed_for_another_page_is_refused(
    portal: PortalServer, passkey: Authenticator, changes: dict[str, Any]
) -> None:
    browser = portal.browser()

    with capture_logs() as logs:
        assert log_in(browser, passkey, **changes) == 400

    assert not browser.is_logged_in()
    assert ("passkey.refused" in [log["event"] for log in logs]) is ("challenge" not in changes)


def test_what_was_signed_for_another_domain_is_refused(
    portal: PortalServer, passkey: Authenticator
) -> None:
    passkey.domain = "evil.example"

    assert log_in(portal.browser(), passkey) == 400


@pytest.mark.spec("ASVS", "6.5.1")
def test_an_answer_works_once(portal: PortalServer, passkey: Authenticator) -> None:
    browser = portal.browser()
    answer = passkey.get(asked(browser))
    csrf, cookies = browser.csrf(), dict(browser.client.cookies)
    first = browser.post(WITH_PASSKEY, credential=answer)
    thief = portal.browser()  # with all that the first browser had
    for name, value in cookies.items():
        thief.client.cookies.set(name, value)

    second = thief.send(WITH_PASSKEY, {"csrf": csrf, "credential": answer})

    assert (first.status_code, second.status_code) == (303, 400)
    assert not thief.is_logged_in()


def test_a_challenge_counts_for_its_browser_alone(
    portal: PortalServer, passkey: Authenticator
) -> None:
    answer = passkey.get(asked(portal.browser()))

    assert portal.browser().post(WITH_PASSKEY, credential=answer).status_code == 400


def test_a_challenge_counts_for_ten_minutes(
    portal: PortalServer, passkey: Authenticator, clock: Clock
) -> None:
    browser = portal.browser()
    answer = passkey.get(asked(browser))
    clock.advance(600)

    assert browser.post(WITH_PASSKEY, credential=answer).status_code == 400


def test_a_challenge_of_the_login_page_does_not_count_in_the_second_step(
    portal: PortalServer, passkey: Authenticator
) -> None:
    browser = portal.browser()
    answer = passkey.get(asked(browser))
    browser.log_in("anna")

    assert browser.post(SECOND_STEP, credential=answer).status_code == 400


@pytest.mark.usefixtures("passkey")
def test_somebody_elses_passkey_is_no_second_step(portal: PortalServer) -> None:
    svens = Authenticator(credential_id=b"s" * 16)
    add_passkey(portal.as_("sven"), svens)
    browser = portal.browser()
    browser.log_in("anna")

    answer = svens.get(asked(browser, SECOND_STEP))

    assert browser.post(SECOND_STEP, credential=answer).status_code == 400
    assert not browser.is_logged_in()


def test_a_passkey_that_names_another_owner_is_refused(
    portal: PortalServer, passkey: Authenticator
) -> None:
    passkey.user_handle = portal.person("sven").id.bytes

    assert log_in(portal.browser(), passkey) == 400


def test_an_unknown_passkey_is_refused(portal: PortalServer, passkey: Authenticator) -> None:
    passkey.credential_id = b"u" * 32

    assert log_in(portal.browser(), passkey) == 400


def flipped(text: str) -> str:
    octets = bytearray(decode(text))
    octets[len(octets) // 2] ^= 1
    return encode(bytes(octets))


MUTATIONS: dict[str, Change] = {
    "signature": lambda a: a["response"].update(signature=flipped(a["response"]["signature"])),
    "no signature": lambda a: a["response"].update(signature=""),
    "client data": lambda a: a["response"].update(
        clientDataJSON=flipped(a["response"]["clientDataJSON"])
    ),
    "authenticator data": lambda a: a["response"].update(
        authenticatorData=flipped(a["response"]["authenticatorData"])
    ),
    "short authenticator data": lambda a: a["response"].update(authenticatorData="AAAA"),
    "no authenticator data": lambda a: a["response"].pop("authenticatorData"),
    "id of another": lambda a: a.update(id="AAAA"),
    "raw id a number": lambda a: a.update(rawId=7),
    "type": lambda a: a.update(type="password"),
    "response a list": lambda a: a.update(response=[]),
    "user handle": lambda a: a["response"].update(userHandle="AAAA"),
    "no user handle": lambda a: a["response"].update(userHandle=None),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_answer_is_refused(
    portal: PortalServer, passkey: Authenticator, name: str
) -> None:
    browser = portal.browser()
    answer = json.loads(passkey.get(asked(browser)))
    MUTATIONS[name](answer)

    refused = browser.post(WITH_PASSKEY, credential=json.dumps(answer))

    assert refused.status_code == 400
    assert "This passkey was not accepted." in refused.text or "too late" in refused.text
    assert not browser.is_logged_in()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"rawId": "AAAA"}', "[" * 3000])
def test_what_is_no_answer_is_refused(portal: PortalServer, text: str) -> None:
    assert portal.browser().post(WITH_PASSKEY, credential=text).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ("UPDATE person SET disabled_at = 1 WHERE username = 'anna'", 400),
        ("UPDATE person SET password_hash = NULL WHERE username = 'anna'", 400),
        ("UPDATE organization SET suspended_at = 1", 400),
    ],
)
def test_who_may_not_log_in_may_not_with_a_passkey(
    portal: PortalServer, passkey: Authenticator, change: str, status: int
) -> None:
    portal.run(change)
    browser = portal.browser()

    assert log_in(browser, passkey) == status
    assert portal.actions()[-1] == "login.refused"
    assert not browser.is_logged_in()


@pytest.mark.parametrize(
    ("before", "now", "is_told"), [(0, 0, False), (7, 8, False), (7, 3, True), (7, -1, True)]
)
def test_a_counter_that_goes_back_is_told_and_the_login_goes_on(
    mailing: MailingPortal, before: int, now: int, *, is_told: bool
) -> None:
    mailing.confirm("anna", "anna@acme.example")
    passkey = Authenticator(counter=before)
    add_passkey(mailing.as_("anna"), passkey, "Blue key")
    mailing.mails()
    browser = mailing.browser()
    passkey.counter = now - 1 if now > 0 else 0

    with capture_logs() as logs:
        assert log_in(browser, passkey) == 303

    subjects = [mail["Subject"] for mail in mailing.mails()]
    assert browser.is_logged_in()
    assert ("One of your passkeys may have been copied" in subjects) is is_told
    assert ("passkey.counter_went_back" in mailing.actions()) is is_told
    assert ("passkey.counter_went_back" in [log["event"] for log in logs]) is is_told


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://evil.example"},
        {"type": "webauthn.get"},
        {"challenge": encode(b"x" * 52)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_new_passkey_that_was_made_elsewhere_is_refused(
    portal: PortalServer, changes: dict[str, Any]
) -> None:
    browser = portal.as_("anna")
    answer = Authenticator().create(asked(browser, PASSKEYS), **changes)

    refused = browser.post(PASSKEYS, name="Laptop", credential=answer)

    assert refused.status_code == 400
    assert 'value="Laptop"' in refused.text
    assert portal.rows("SELECT * FROM passkey") == []


def test_a_new_passkey_counts_in_the_session_that_asked_for_it_alone(portal: PortalServer) -> None:
    answer = Authenticator().create(asked(portal.as_("anna"), PASSKEYS))

    for username in ("anna", "sven"):
        other = portal.as_(username)
        assert other.post(PASSKEYS, name="Laptop", credential=answer).status_code == 400
    assert portal.rows("SELECT * FROM passkey") == []


def test_a_new_passkey_is_added_once(portal: PortalServer) -> None:
    browser, authenticator = portal.as_("anna"), Authenticator()
    answer = authenticator.create(asked(browser, PASSKEYS))
    browser.post(PASSKEYS, name="Laptop", credential=answer)

    again = browser.post(PASSKEYS, name="Laptop", credential=answer)
    anew = add_passkey(browser, authenticator)

    assert (again.status_code, anew.status_code) == (400, 400)
    assert "added already" in anew.text
    assert len(portal.rows("SELECT * FROM passkey")) == 1


def test_the_browser_is_told_which_passkeys_it_has(
    portal: PortalServer, passkey: Authenticator
) -> None:
    browser = portal.browser()
    log_in(browser, passkey)

    excluded = asked(browser, PASSKEYS)["excludeCredentials"]

    assert [each["id"] for each in excluded] == [encode(passkey.credential_id)]
    assert excluded[0]["transports"] == ["hybrid", "internal"]


def test_at_an_ip_address_the_pages_say_why_there_are_no_passkeys(
    make_portal: Callable[..., PortalServer], clock: Clock
) -> None:
    portal = make_portal(production={"issuer": "http://127.0.0.1:8000"})
    browser = portal.as_("anna")

    assert "data-passkey" not in portal.browser().get(LOGIN).text
    assert "bind passkeys to a host name" in browser.get(FACTORS).text
    assert "bind passkeys to a host name" in browser.get(PASSKEYS).text
    assert browser.post(PASSKEYS, name="x", credential="{}").status_code == 400
    assert portal.browser().post(WITH_PASSKEY, credential="{}").status_code == 400
    assert add_app(browser, clock).code()


def test_passkeys_of_an_earlier_domain_are_counted_at_the_start_and_not_offered(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal()
    browser = portal.as_("anna")
    add_passkey(browser, Authenticator())
    codes = recovery_codes(browser)
    portal.close()
    moved = {"issuer": "https://login.example.com", "passkey_domain": "example.com"}

    with capture_logs() as logs:
        now = make_portal(production=moved)

    [warned] = [log for log in logs if log["event"] == "passkeys.unusable"]
    assert (warned["passkeys"], warned["domain"]) == (1, "example.com")
    anna = now.browser()
    anna.log_in("anna")
    assert "Use a passkey" not in anna.get(SECOND_STEP).text
    anna.post(SECOND_STEP, recovery_code=codes[0])
    assert "Does not work here" in anna.get(FACTORS).text
