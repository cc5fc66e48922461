"""What an administrator does to an application, and what its page says."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.applications.model import ApplicationSecret
from gatepass.server.domain.usage.model import Use
from gatepass.server.environment import maintenance
from gatepass.server.portal.pages.applications.live_secrets import safe_to_end
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_registration import refused_at, shown

NOW = datetime(2026, 1, 31, tzinfo=UTC)
DAY = timedelta(days=1)


def secrets_of(portal: PortalServer) -> list[tuple[str, int | None]]:
    query = "SELECT last_four, expires_at FROM application_secret ORDER BY created_at, expires_at"
    return [(str(four), ends) for four, ends in portal.rows(query)]


def token(browser: Browser, text: str) -> int:
    pair = shown(text, "client-id"), shown(text, "client-secret")
    form = {"grant_type": "client_credentials"}
    return browser.client.post("/oauth2/token/", auth=pair, data=form).status_code


def test_a_new_name_is_given(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register("Old")

    assert browser.post(path + "rename/", name=" New ").headers["location"] == path + "settings/"
    assert "The application has a new name." in browser.get(path).text
    assert portal.rows("SELECT name FROM application") == [("New",)]
    assert portal.actions()[-1] == "application.renamed"


@pytest.mark.parametrize(
    "seconds", ["", "59", "2592001", "ten", "1e3", "-60", "\u0663\u0666\u0660\u0660", "9" * 400]
)
def test_a_lifetime_out_of_bounds_is_told_beside_its_field(
    portal: PortalServer, seconds: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "lifetime/", token_lifetime=seconds)

    assert response.status_code == 400
    assert refused_at(response.text) == {"token_lifetime"}
    assert portal.rows("SELECT token_lifetime FROM application") == [(36000,)]


def test_a_lifetime_within_them_is_set(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    assert browser.post(path + "lifetime/", token_lifetime="3600").status_code == 303
    assert "1 hour" in browser.get(path).text


def test_a_limit_of_tokens_is_set_and_told(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "minting/", rate_limit_mode="warn", rate_limit=" 250 ")

    assert response.headers["location"] == path + "settings/"
    page = browser.get(path + "settings/").text
    assert 'value="warn" required checked' in page
    assert 'value="250"' in page
    assert portal.rows("SELECT mint_mode, mint_limit FROM application") == [("warn", 250)]
    assert "Set the token rate limit to 250 an hour (warn)" in browser.get("/activity/").text


@pytest.mark.parametrize(
    ("mode", "limit", "field"),
    [
        ("warn", "", "rate_limit"),
        ("enforce", "0", "rate_limit"),
        ("enforce", "many", "rate_limit"),
        ("enforce", "-1", "rate_limit"),
        ("warn", "9" * 400, "rate_limit"),
        ("on", "100", "rate_limit_mode"),
        ("", "100", "rate_limit_mode"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_told_beside_its_field(
    portal: PortalServer, mode: str, limit: str, field: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "minting/", rate_limit_mode=mode, rate_limit=limit)

    assert response.status_code == 400
    assert refused_at(response.text) == {field}
    assert portal.rows("SELECT mint_mode, mint_limit FROM application") == [("off", None)]


@pytest.mark.parametrize(
    ("overlap", "old_works_after"),
    [("0", {}), ("3600", {1: True, 3601: False}), ("604800", {86400: True, 604801: False})],
)
def test_after_a_rotation_the_old_secret_works_for_the_overlap(
    portal: PortalServer, clock: Clock, overlap: str, old_works_after: dict[int, bool]
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = browser.get(path + "credentials/").text

    response = browser.post(path + "rotate/", overlap=overlap)
    new = browser.get(response.headers["location"]).text

    assert shown(new, "client-id") == shown(old, "client-id")
    assert shown(new, "client-secret") != shown(old, "client-secret")
    assert token(browser, new) == 200
    assert token(browser, old) == (200 if old_works_after else 401)
    start = clock.now
    for seconds, works in old_works_after.items():
        clock.now = start + seconds
        assert token(browser, old) == (200 if works else 401)
        assert token(browser, new) == 200


def test_the_page_of_a_rotation_says_when_the_old_secret_ends(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    clock.advance(60)
    later = browser.post(path + "rotate/", overlap="3600").headers["location"]
    assert "The previous secret works until" in browser.get(later).text

    other = browser.register("Other")
    clock.advance(60)
    now = browser.post(other + "rotate/", overlap="0").headers["location"]

    assert "The previous secret has ended." in browser.get(now).text


@pytest.mark.parametrize(
    ("overlap", "survives"), [("0", False), ("3600", True), ("first-use", True)]
)
def test_only_the_rotation_of_a_leaked_secret_revokes_the_tokens_and_says_so(
    portal: PortalServer, clock: Clock, overlap: str, *, survives: bool
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    page = browser.get(path + "credentials/").text
    pair = shown(page, "client-id"), shown(page, "client-secret")
    form = {"grant_type": "client_credentials"}
    held = browser.client.post("/oauth2/token/", auth=pair, data=form).json()["access_token"]
    clock.advance(1)

    response = browser.post(path + "rotate/", overlap=overlap)
    new = browser.get(response.headers["location"]).text

    partner = browser.client.get(
        f"/api/partners/v2.0/org/{portal.person('anna').org_id}",
        headers={"authorization": f"Bearer {held}"},
    )
    assert partner.status_code == (200 if survives else 401)
    assert ("All tokens that the application had are revoked." in new) != survives
    assert ("Revoked all tokens" in browser.get("/activity/").text) != survives


def test_a_rotation_until_the_new_secret_is_used_says_so_and_does_so(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = browser.get(path + "credentials/").text
    clock.advance(60)

    response = browser.post(path + "rotate/", overlap="first-use")
    new = browser.get(response.headers["location"]).text
    four = shown(new, "client-secret")[-4:]

    assert "until a few seconds after the new one is first used" in new
    assert token(browser, old) == 200
    secrets = browser.get(path + "credentials/").text
    assert f'When the secret ending in <span class="mono">{four}</span>' in secrets
    assert token(browser, new) == 200
    maintenance.flush(portal.environment)
    portal.environment.catch_up()
    assert token(browser, old) == 401
    assert token(browser, new) == 200
    assert "is first used" not in browser.get(path + "credentials/").text


def test_each_secret_says_from_where_and_by_what_it_was_last_used(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    text = browser.get(path + "credentials/").text
    browser.client.headers["user-agent"] = "billing-sync/7"
    assert token(browser, text) == 200
    maintenance.flush(portal.environment)

    secrets = browser.get(path + "credentials/").text.split('id="secrets"')[1]
    assert "203.0.113.7" in secrets
    assert "billing-sync/7" in secrets


@pytest.mark.parametrize("overlap", ["0", "86400"])
def test_the_same_rotation_sent_twice_makes_one_secret(portal: PortalServer, overlap: str) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    form = {"overlap": overlap, "once": browser.form_id(path + "rotation/")}

    first, second = (browser.post(path + "rotate/", **form) for _ in range(2))

    assert first.headers["location"] == second.headers["location"] == path + "credentials/"
    assert token(browser, browser.get(second.headers["location"]).text) == 200
    assert portal.actions().count("application.rotated") == 1


@pytest.mark.parametrize("overlap", ["", "1", "-1", "x", "\u0660", "86401", "9" * 400])
def test_an_overlap_that_is_not_offered_is_told_beside_the_choice(
    portal: PortalServer, overlap: str
) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    response = browser.post(path + "rotate/", overlap=overlap)

    assert response.status_code == 400
    assert refused_at(response.text) == {"overlap"}
    assert len(secrets_of(portal)) == 1


def test_a_third_secret_is_not_made(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    browser.post(path + "rotate/", overlap="86400")

    response = browser.post(path + "rotate/", overlap="86400")

    assert response.status_code == 400
    assert "Two secrets are live already" in response.text
    assert len(secrets_of(portal)) == 2


def test_one_of_two_secrets_can_be_ended_and_the_last_cannot(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    old = browser.get(path + "credentials/").text
    clock.advance(60)
    browser.post(path + "rotate/", overlap="86400")
    on = path + "credentials/"
    browser.get(on)  # which shows the new secret
    ends = re.findall(r'action="([^"]+/end/)"', browser.get(on).text)
    assert len(ends) == 2

    assert browser.post(ends[1]).headers["location"] == on
    assert token(browser, old) == 401
    assert "/end/" not in browser.get(on).text
    refused = browser.post(ends[0])

    assert refused.status_code == 400
    assert "This is the only live secret." in refused.text
    assert browser.post(ends[1]).status_code == 404


def test_disabling_stops_tokens_until_it_is_enabled_again(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    text = browser.get(path + "credentials/").text

    browser.post(path + "disable/")
    assert "This application is disabled." in browser.get(path).text
    assert token(browser, text) == 401
    browser.post(path + "enable/")

    assert token(browser, text) == 200
    assert portal.actions()[-2:] == ["application.disabled", "application.enabled"]


def test_voiding_tokens_is_done_and_told(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    assert browser.post(path + "void/").headers["location"] == path + "danger/"

    assert portal.rows("SELECT tokens_void_before FROM application") != [(None,)]
    assert portal.actions()[-1] == "application.tokens_voided"


@pytest.mark.parametrize("typed", ["", "billing sync", "Billing", "Billing  sync"])
def test_deleting_needs_the_exact_name(portal: PortalServer, typed: str) -> None:
    browser = portal.as_("anna")
    path = browser.register("Billing sync")

    response = browser.post(path + "delete/", confirm=typed)

    assert response.status_code == 400
    assert refused_at(response.text) == {"confirm"}
    assert portal.rows("SELECT count(*) FROM application") == [(1,)]


def test_a_deleted_application_is_gone_with_its_credentials(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register("Billing sync")
    text = browser.get(path + "credentials/").text

    response = browser.post(path + "delete/", confirm="Billing sync ")

    assert response.headers["location"] == "/oauth2/applications/"
    assert "Billing sync is deleted." in browser.get("/oauth2/applications/").text
    assert browser.get(path).status_code == 404
    assert token(browser, text) == 401


def test_the_page_shows_the_client_id_and_of_the_secret_only_its_ends(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    text = browser.get(path + "credentials/").text
    secret = shown(text, "client-secret")

    page, secrets = browser.get(path).text, browser.get(path + "credentials/").text

    assert shown(page, "client-id") == shown(text, "client-id")
    assert secret not in page + secrets
    assert "gps_live_<span" in secrets
    assert secret[-4:] in secrets
    assert "your-client-secret" in shown(page, "snippet-env")


def test_the_list_says_when_and_from_where_it_was_last_used(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    assert "Never used" in browser.get("/oauth2/applications/").text
    app_id = UUID(path.rstrip("/").rpartition("/")[2])
    application = portal.environment.applications.load(app_id.bytes)
    assert application

    use = Use(application, application.secrets[0], portal.clock.now, "198.51.100.77", b"curl/8")
    portal.environment.usage.used(use)
    maintenance.flush(portal.environment)

    for page in ("/oauth2/applications/", path):
        assert "198.51.100.77" in browser.get(page).text


def secret(created: timedelta, used: timedelta | None) -> ApplicationSecret:
    last = None if used is None else NOW - used
    return ApplicationSecret(uuid4(), b"", "abcd", NOW - created, None, last)


@pytest.mark.parametrize(
    ("old_used", "new_used", "safe"),
    [
        (
            2 * DAY,
            DAY / 24,
            "Safe to revoke: the new secret is in use, and this one was last used 2",
        ),
        (None, DAY / 24, "Safe to revoke: the new secret is in use, and this one never was."),
        (2 * DAY, None, ""),
        (None, None, ""),
        (DAY / 2, DAY / 24, ""),
    ],
)
def test_a_secret_is_safe_to_end_when_nothing_can_need_it(
    old_used: timedelta | None, new_used: timedelta | None, safe: str
) -> None:
    old, new = secret(30 * DAY, old_used), secret(3 * DAY, new_used)

    said = safe_to_end(old, new, DAY, NOW)

    assert said.startswith(safe)
    assert bool(said) == bool(safe)


def test_the_newest_secret_is_never_called_safe_to_end() -> None:
    only = secret(30 * DAY, 3 * DAY)

    assert safe_to_end(only, only, DAY, NOW) == ""


def brought(portal: PortalServer, browser: Browser, *, last_four: str, encoded: str | None) -> str:
    """Register an application as if it had been another system's; give its path."""
    path = browser.register()
    kept = f"'{encoded}'" if encoded else "NULL"
    portal.run("UPDATE application SET imported_from = 'django-oauth-toolkit'")
    portal.run(f"UPDATE application_secret SET last_four = '{last_four}', encoded = {kept}")
    return path


@pytest.mark.parametrize(
    ("last_four", "encoded", "said"),
    [
        pytest.param("", "argon2$x", "imported </h3>", id="before its first use"),
        pytest.param(
            "q9Zb", None, r"imported <span aria-hidden=\"true\">…</span>.*q9Zb</h3>", id="after it"
        ),
    ],
)
def test_an_imported_secret_is_shown_as_one(
    portal: PortalServer, last_four: str, encoded: str | None, said: str
) -> None:
    browser = portal.as_("anna")
    path = brought(portal, browser, last_four=last_four, encoded=encoded)

    browser.get(path + "credentials/")  # which shows the new secret
    text = browser.get(path + "credentials/").text
    assert re.search(said, text)
    assert "gps_live_" not in text
    assert "argon2" not in text


def test_an_imported_secret_is_rotated_and_ended_like_any_other(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = brought(portal, browser, last_four="", encoded="argon2$x")
    portal.clock.advance(1)
    rotated = browser.post(path + "rotate/", overlap="86400")
    assert rotated.status_code == 303, rotated.text

    browser.get(path + "credentials/")  # which shows the new secret
    text = browser.get(path + "credentials/").text
    assert "Revoke the secret imported </button>" in text
    assert "Revoke the secret gps_live_…" in text
    (old,) = portal.rows("SELECT id FROM application_secret WHERE last_four = ''")
    ended = browser.post(f"{path}secrets/{old[0]}/end/")
    assert ended.status_code == 303
    assert portal.actions()[-1] == "secret.ended"


def test_a_name_is_confirmed_in_whichever_composition_it_is_typed(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register("Zahl\u00fcng Ost")

    response = browser.post(path + "delete/", confirm="Zahlu\u0308ng\u00a0Ost")

    assert (response.status_code, response.headers["location"]) == (303, "/oauth2/applications/")
    assert portal.rows("SELECT count(*) FROM application") == [(0,)]
