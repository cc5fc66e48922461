"""Registering an application, and the one sight of its secret."""

import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import pytest

from gatepass.server.domain.applications.model import check_redirect_uris
from gatepass.testing import Clock
from gatepass.wire.credential import Kind, Mode, read
from gatepass.wire.errors import OAuthError
from server.portal.fixtures import Browser, PortalServer

REGISTER = "/oauth2/applications/register/"
GOOD = {
    "name": "Billing sync",
    "client_type": "confidential",
    "authorization_grant_type": "client-credentials",
    "scope_read": "yes",
}
VECTORS = Path(__file__).parents[3] / "vectors"
URIS: dict[str, list[str]] = json.loads((VECTORS / "redirect_uris.json").read_text())


SHOWN_ONCE = "A secret is shown whole only once"


def shown(text: str, what: str) -> str:
    found = re.search(rf'<code id="{what}"[^>]*>([^<]*)</code>', text)
    assert found, text
    return found[1]


def refused_at(text: str) -> set[str]:
    return set(re.findall(r'<p class="field-error" id="(\w+)-error"', text))


def test_the_credentials_are_shown_once_with_all_that_goes_with_them(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    text = browser.get(path + "credentials/").text

    client_id, secret = shown(text, "client-id"), shown(text, "client-secret")
    found = read(client_id), read(secret)
    assert found[0]
    assert found[1]
    assert [(each.kind, each.mode) for each in found if each] == [
        (Kind.CLIENT_ID, Mode.LIVE),
        (Kind.CLIENT_SECRET, Mode.LIVE),
    ]
    for snippet in ("snippet-env", "snippet-curl"):
        assert client_id in shown(text, snippet)
        assert secret in shown(text, snippet)
    assert "http://localhost:8000/oauth2/token/" in shown(text, "snippet-env")
    assert "gatepass.BearerAuth.from_env()" in shown(text, "snippet-python")


@pytest.mark.spec("RFC 6749", "2.3.1")
def test_the_shown_credentials_get_a_token(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    text = browser.get(browser.register(scope_write="") + "credentials/").text
    pair = shown(text, "client-id"), shown(text, "client-secret")

    response = browser.client.post(
        "/oauth2/token/", auth=pair, data={"grant_type": "client_credentials"}
    )

    assert response.status_code == 200
    assert response.json()["scope"] == "read"


@pytest.mark.spec("ASVS", "13.3.2")
def test_a_reload_shows_no_secret_and_makes_none(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    secret = shown(browser.get(path + "credentials/").text, "client-secret")

    for page in (path + "credentials/", path, "/oauth2/applications/", "/activity/"):
        assert secret not in browser.get(page).text
    assert SHOWN_ONCE in browser.get(path + "credentials/").text
    assert portal.rows("SELECT count(*) FROM application_secret") == [(1,)]


@pytest.mark.spec("ASVS", "13.3.2")
def test_the_database_never_holds_the_secret_in_clear(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    before = portal.dump()
    secret = shown(browser.get(path + "credentials/").text, "client-secret")

    assert secret.encode() not in before
    assert secret.encode() not in portal.dump()
    assert secret[10:-1].encode() not in before


def test_the_secret_waits_ten_minutes_for_its_page_and_no_longer(
    portal: PortalServer, clock: Clock
) -> None:
    browser = portal.as_("anna")
    first, second = browser.register("First"), ""
    clock.advance(599)
    assert "client-secret" in browser.get(first + "credentials/").text

    second = browser.register("Second")
    clock.advance(600)

    assert SHOWN_ONCE in browser.get(second + "credentials/").text


def test_a_head_does_not_use_up_the_secret(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    head = browser.client.head(path + "credentials/")

    assert head.status_code == 200
    assert "client-secret" in browser.get(path + "credentials/").text


def test_the_page_of_another_application_does_not_use_up_the_secret(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    first, second = browser.register("First"), browser.register("Second")

    assert SHOWN_ONCE in browser.get(first + "credentials/").text
    assert "client-secret" in browser.get(second + "credentials/").text


def test_another_administrators_session_does_not_see_the_secret(portal: PortalServer) -> None:
    anna, nora = portal.as_("anna"), portal.as_("nora")
    path = anna.register()

    assert SHOWN_ONCE in nora.get(path + "credentials/").text
    assert "client-secret" in anna.get(path + "credentials/").text


def test_the_same_form_sent_twice_makes_one_application(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    form = {**GOOD, "once": browser.form_id(REGISTER)}

    first, second = (browser.post(REGISTER, **form) for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert portal.rows("SELECT count(*) FROM application") == [(1,)]
    assert "client-secret" in browser.get(second.headers["location"]).text


def test_the_same_form_sent_twice_at_the_same_moment_makes_one_application(
    portal: PortalServer,
) -> None:
    browser = portal.as_("anna")
    form = {**GOOD, "once": browser.form_id(REGISTER), "csrf": browser.csrf()}
    twins = [portal.browser() for _ in range(4)]
    for twin in twins:
        twin.client.cookies.update(dict(browser.client.cookies))

    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(lambda twin: twin.send(REGISTER, form), twins))

    assert {response.status_code for response in responses} == {303}
    (location,) = {response.headers["location"] for response in responses}
    assert portal.rows("SELECT count(*) FROM application") == [(1,)]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda twin: twin.get(location).text, twins))
    assert sum("client-secret" in page for page in pages) == 1


def test_a_form_that_is_opened_again_makes_another_application(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    for _ in range(2):
        form = {**GOOD, "same_name": "yes", "once": browser.form_id(REGISTER)}
        browser.post(REGISTER, **form)

    assert portal.rows("SELECT count(*) FROM application") == [(2,)]


def test_one_form_id_in_two_sessions_makes_two_applications(portal: PortalServer) -> None:
    for username in ("anna", "nora"):
        form = {**GOOD, "same_name": "yes", "once": "same"}
        assert portal.as_(username).post(REGISTER, **form).status_code == 303

    assert portal.rows("SELECT count(*) FROM application") == [(2,)]


def test_leaving_the_credentials_needs_the_tick(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    assert browser.post(path + "stored/").status_code == 400
    done = browser.post(path + "stored/", stored="yes")

    assert (done.status_code, done.headers["location"]) == (303, path)
    assert "The credentials are stored." in browser.get(path).text
    assert "The credentials are stored." not in browser.get(path).text


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"name": "   "}, {"name"}),
        ({"name": "x" * 101}, {"name"}),
        ({"name": "two\nlines"}, {"name"}),
        ({"name": "right \u202e to left"}, {"name"}),
        ({"client_type": "public"}, {"client_type"}),
        ({"client_type": "other"}, {"client_type"}),
        ({"client_type": ""}, {"client_type"}),
        ({"authorization_grant_type": "password"}, {"authorization_grant_type"}),
        ({"authorization_grant_type": ""}, {"authorization_grant_type"}),
        ({"redirect_uris": "ftp://example.com"}, {"redirect_uris"}),
        ({"redirect_uris": "https://a.example/\n/relative"}, {"redirect_uris"}),
        ({"redirect_uris": "https://a.example/\n" * 11}, {"redirect_uris"}),
        ({"scope_read": ""}, {"scope"}),
        ({"name": "", "client_type": "public", "scope_read": ""}, {"name", "client_type", "scope"}),
    ],
)
def test_a_wrong_field_is_told_beside_it_and_what_was_typed_stays(
    portal: PortalServer, change: Mapping[str, str], fields: set[str]
) -> None:
    browser = portal.as_("anna")

    response = browser.post(
        REGISTER, **{**GOOD, "redirect_uris": "https://typed.example/", **change}
    )

    assert response.status_code == 400
    assert refused_at(response.text) == fields
    assert "autofocus" in response.text
    if "name" not in change:
        assert 'value="Billing sync"' in response.text
    if "redirect_uris" not in change:
        assert "https://typed.example/" in response.text
    assert portal.rows("SELECT count(*) FROM application") == [(0,)]


def test_why_a_public_client_is_refused_is_explained(portal: PortalServer) -> None:
    response = portal.as_("anna").post(REGISTER, **{**GOOD, "client_type": "public"})

    assert "A public client cannot keep a secret" in response.text


def test_unticked_scopes_stay_unticked_when_the_form_comes_back(portal: PortalServer) -> None:
    text = portal.as_("anna").post(REGISTER, **{**GOOD, "name": ""}).text

    assert re.search(r'name="scope_read"[^>]* checked', text)
    assert not re.search(r'name="scope_write"[^>]* checked', text)


def test_a_scope_that_is_not_offered_is_not_given(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    browser.register(scope_introspection="yes", scope_admin="yes")

    assert portal.rows("SELECT scope FROM application") == [("read write",)]


def test_redirect_uris_are_kept_one_a_line(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register(
        redirect_uris="https://a.example/cb\r\n\r\n http://localhost:3000/ \r\n"
    )

    text = browser.get(path).text

    assert "https://a.example/cb" in text
    assert "http://localhost:3000/" in text


@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize("uri", URIS["accepted"])
def test_an_absolute_https_or_loopback_uri_is_accepted(uri: str) -> None:
    assert check_redirect_uris(uri) == (uri,)


@pytest.mark.spec("RFC 6749", "3.1.2")
@pytest.mark.parametrize("uri", URIS["refused"])
def test_any_other_redirect_uri_is_refused(uri: str) -> None:
    with pytest.raises(OAuthError):
        check_redirect_uris(uri)


def test_markup_in_a_name_is_text(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    name = "<script>alert(1)</script>\"'"
    path = browser.register(name)

    for page in (path + "credentials/", path, "/oauth2/applications/", "/activity/"):
        text = browser.get(page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_registration_and_its_audit_entry_are_one_transaction(portal: PortalServer) -> None:
    browser: Browser = portal.as_("anna")
    portal.run(
        "CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.action = 'application.registered' "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )

    response = browser.post(REGISTER, **GOOD)

    assert response.status_code == 500
    assert portal.rows("SELECT count(*) FROM application") == [(0,)]
    assert portal.rows("SELECT once FROM session") == [(None,)]


def test_the_empty_list_says_what_to_do(portal: PortalServer) -> None:
    assert "Register the first application" in portal.as_("anna").get("/oauth2/applications/").text
    assert "An administrator of" in portal.as_("sven").get("/oauth2/applications/").text


@pytest.mark.parametrize(
    ("name", "named"),
    [("Bill\u0007ing", "U+0007 (BELL)"), ("Bill\u202egnis", "U+202E (RIGHT-TO-LEFT OVERRIDE)")],
)
def test_a_character_that_cannot_be_in_a_name_is_named_beside_the_field(
    portal: PortalServer, name: str, named: str
) -> None:
    browser = portal.as_("anna")

    response = browser.post(REGISTER, **{**GOOD, "name": name})

    assert refused_at(response.text) == {"name"}
    assert named in response.text


@pytest.mark.parametrize("name", ["Billing sync", " billing\u00a0SYNC", "\uff22illing sync"])
def test_a_second_application_of_the_same_name_is_asked_about(
    portal: PortalServer, name: str
) -> None:
    browser = portal.as_("anna")
    browser.register("Billing sync")
    form = {**GOOD, "name": name}

    asked = browser.post(REGISTER, **form)
    (client_id,) = portal.rows("SELECT client_id FROM application")[0]

    assert asked.status_code == 400
    assert refused_at(asked.text) == {"same_name"}
    assert f"its client id ends in {client_id[-4:]}" in asked.text
    assert portal.rows("SELECT count(*) FROM application") == [(1,)]
    assert browser.post(REGISTER, **form, same_name="yes").status_code == 303
    assert portal.rows("SELECT count(*) FROM application") == [(2,)]


def test_another_organizations_application_of_the_same_name_is_not_asked_about(
    portal: PortalServer,
) -> None:
    portal.as_("bo").register("Billing sync")

    assert portal.as_("anna").post(REGISTER, **GOOD).status_code == 303


def test_applications_of_one_name_are_told_apart_in_the_activity(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    first = browser.register("Billing sync")
    browser.register("Billing sync", same_name="yes")
    browser.post(first + "void/")

    text = browser.get("/activity/").text

    ids = [str(each) for (each,) in portal.rows("SELECT client_id FROM application ORDER BY id")]
    shown = re.findall(r'title="([^"]+)"><span aria-hidden="true">…', text)
    assert sorted(set(shown)) == sorted(ids)
    voided = portal.rows("SELECT client_id FROM application WHERE tokens_void_before IS NOT NULL")[
        0
    ][0]
    assert shown[0] == voided


def test_only_the_name_and_the_password_of_a_scope_are_left_to_give(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    text = browser.get(REGISTER).text

    ticked = set(re.findall(r'name="scope_(\w+)" value="yes"[^>]* checked', text))
    labels = ["Name", "Scope", "Client type", "Authorization grant type", "Redirect URIs"]
    places = [re.search(rf"<(?:label[^>]*|legend)>{label}", text) for label in labels]

    assert ticked == set(portal.environment.catalogue.defaults.names)
    assert [place.start() for place in places if place] == sorted(
        place.start() for place in places if place
    )
    assert all(places)
    assert '<option value="confidential" selected>' in text
    assert '<option value="client-credentials" selected>' in text


def test_all_wrong_fields_are_named_at_once(portal: PortalServer) -> None:
    form = {**GOOD, "name": "", "redirect_uris": "x"}

    response = portal.as_("anna").post(REGISTER, **form)

    assert refused_at(response.text) == {"name", "redirect_uris"}


def test_the_curl_call_keeps_the_secret_off_the_command_line(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    text = browser.get(browser.register() + "credentials/").text
    snippet = unescape(shown(text, "snippet-curl"))
    command, _, given = snippet.partition("<<'END'\n")

    assert command == "curl --config - "
    assert shown(text, "client-secret") in given
    assert given.endswith("\nEND")
