"""The settings of an application copied: to a new one, to another one, between environments."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from httpx2 import Response

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.applications.networks import check_networks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import store as people
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.testing import Clock
from gatepass.wire.scope import Scope
from gatepass.wire.secret import Secret
from server.portal.conftest import MakePortal
from server.portal.fixtures import PASSWORD, Browser, PortalServer

COPY = "/oauth2/applications/copy/"
PRODUCTION, SANDBOX = "http://localhost:8000", "http://localhost:8001"
NETWORKS = "203.0.113.0/24 2001:db8::/48"
_HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)">')


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


@pytest.fixture
def path(portal: PortalServer, anna: Browser) -> str:
    """The path of an application of production that has a value in every field."""
    path = anna.register("Billing sync", secret_end="90")
    set_all(portal.environment, id_of(path))
    return path


@pytest.fixture
def nina(portal: PortalServer) -> Browser:
    """An administrator of the sandbox, with an account of her own there."""
    return administrator(portal, portal.app.environments[1])


def administrator(portal: PortalServer, environment: ServedEnvironment) -> Browser:
    organization_lifecycle.create(
        environment.context, environment.hasher, OPERATOR, "Acme trial", "nina"
    )
    with environment.database.write() as connection:
        nina = people.find_by_username(connection, "nina")
        assert nina
        hashed = environment.hasher.hash(Secret(PASSWORD))
        people.change(connection, nina.id, {"password_hash": hashed, "must_change_password": False})
    browser = portal.browser(sandbox=True)
    assert browser.log_in("nina").status_code == 303
    return browser


def id_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


def found(environment: ServedEnvironment, name: str) -> Application:
    with environment.database.read() as connection:
        (row,) = connection.exec_driver_sql(
            f"SELECT client_id FROM application WHERE name = '{name}'"
        ).all()
    application = operations.find_by_client_id(environment.context, row[0])
    assert application
    return application


def set_all(environment: ServedEnvironment, app_id: str, **more: object) -> None:
    values: dict[str, Any] = {
        "token_lifetime": 1800,
        "contact": "ops@acme.example",
        "networks": check_networks(NETWORKS),
        "rate_limit_mode": "enforce",
        "rate_limit": 90,
        **more,
    }
    operations.change(
        environment.context,
        OPERATOR,
        UUID(app_id),
        None,
        allowed=environment.catalogue.everything,
        **values,
    )


def hidden(page: Response, path: str) -> dict[str, str]:
    """Return the hidden fields of the form of a page that leads to `path`."""
    (part,) = [each for each in page.text.split("<form ") if f'action="{path}"' in each]
    return {name: unescape(value) for name, value in _HIDDEN.findall(part.split("</form>")[0])}


def sent(browser: Browser, page: Response, path: str, **form: str) -> Response:
    """Send the form of a page that leads to `path`, with its hidden fields."""
    return browser.send(path, hidden(page, path) | form)


def settings(application: Application) -> tuple[object, ...]:
    return (
        application.token_lifetime,
        application.contact,
        application.networks,
        application.rate_limit_mode,
        application.rate_limit,
        application.redirect_uris,
    )


def test_a_copy_has_the_settings_and_credentials_of_its_own(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    page = anna.get(f"{path}copy/")
    response = sent(anna, page, f"{path}copy/", name="Billing copy", secret_end="90")

    assert response.status_code == 303, response.text
    new, original = (
        found(portal.environment, "Billing copy"),
        found(portal.environment, "Billing sync"),
    )
    assert settings(new) == settings(original)
    assert new.scope == original.scope
    assert new.client_id != original.client_id
    assert not {each.digest for each in new.secrets} & {each.digest for each in original.secrets}
    shown = anna.get(str(response.headers["location"])).text
    assert new.client_id in shown
    assert re.search(r"gps_live_\w+", shown)


def test_a_copy_is_recorded_with_where_it_comes_from(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    sent(anna, anna.get(f"{path}copy/"), f"{path}copy/", name="Copy", secret_end="never")

    assert portal.actions()[-3:] == [
        "application.minting",
        "application.copied",
        "application.registered",
    ]
    assert "Copied the settings of Billing sync (production)" in anna.get("/activity/").text


def test_the_page_shows_the_settings_and_no_credential(anna: Browser, path: str) -> None:
    page = anna.get(f"{path}copy/").text

    for text in ("203.0.113.0/24", "30 minutes", "ops@acme.example", "Enforce", "90"):
        assert text in page
    assert 'value="Billing sync (copy)"' in page
    assert '<option value="90" selected>' in page  # as long as the secret of the source
    assert "gps_live_" not in page


def test_a_form_that_is_sent_twice_makes_one_copy(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    page = anna.get(f"{path}copy/")

    answers = [sent(anna, page, f"{path}copy/", name="Copy", secret_end="never") for _ in range(2)]

    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(portal.rows("SELECT id FROM application WHERE name = 'Copy'")) == 1


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "Billing sync"}, "There is an application of this name"),
        ({"secret_end": "date", "secret_end_date": "2020-01-01"}, "This date has passed"),
        ({"secret_end": "12"}, "Choose one of the offered ends."),
        ({"shown": "another"}, "The settings were changed meanwhile."),
    ],
)
def test_a_wrong_form_is_shown_again_and_makes_nothing(
    portal: PortalServer, anna: Browser, path: str, form: dict[str, str], says: str
) -> None:
    given = {"name": "Kept name", "secret_end": "30", **form}

    response = sent(anna, anna.get(f"{path}copy/"), f"{path}copy/", **given)

    assert response.status_code == 400
    assert says in response.text
    assert f'value="{given["name"]}"' in response.text
    assert len(portal.rows("SELECT id FROM application")) == 1


def test_a_source_that_changed_meanwhile_is_shown_again(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    page = anna.get(f"{path}copy/")
    set_all(portal.environment, id_of(path), token_lifetime=7200)

    response = sent(anna, page, f"{path}copy/", name="Copy", secret_end="never")

    assert response.status_code == 400
    assert "2 hours" in response.text
    again = sent(anna, response, f"{path}copy/", name="Copy", secret_end="never")
    assert again.status_code == 303
    assert found(portal.environment, "Copy").token_lifetime == 7200


def test_a_scope_that_only_the_operator_grants_is_named_and_not_copied(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    set_all(portal.environment, id_of(path), scope=Scope.parse("introspection read"))
    page = anna.get(f"{path}copy/")

    sent(anna, page, f"{path}copy/", name="Copy", secret_end="never")

    assert "<strong>Not copied:</strong> <code>introspection</code>" in page.text
    assert found(portal.environment, "Copy").scope == Scope.parse("read")


def test_an_application_without_a_scope_that_can_be_chosen_is_not_copied(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    set_all(portal.environment, id_of(path), scope=Scope.parse("introspection"))

    response = sent(anna, anna.get(f"{path}copy/"), f"{path}copy/", name="C", secret_end="never")

    assert response.status_code == 400
    assert "Choose at least one scope." in response.text


def test_another_application_gets_the_settings_after_they_were_compared(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    anna.register("Meter import", scope_write="")
    target = found(portal.environment, "Meter import")
    set_all(
        portal.environment,
        str(target.id),
        rate_limit_mode="off",
        scope=Scope.parse("introspection read"),
    )
    page = anna.get(f"{path}copy/to/", {"to": target.client_id})

    assert "2 settings change." in page.text
    response = sent(anna, page, f"{path}copy/to/")

    assert response.status_code == 303, response.text
    after = found(portal.environment, "Meter import")
    assert settings(after) == settings(found(portal.environment, "Billing sync"))
    assert after.scope == Scope.parse("read write introspection")
    assert [each.digest for each in after.secrets] == [each.digest for each in target.secrets]
    assert portal.actions()[-3:] == [
        "application.scope",
        "application.minting",
        "application.copied",
    ]


def test_an_application_that_changed_since_the_comparison_is_compared_again(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    anna.register("Meter import")
    target = found(portal.environment, "Meter import")
    page = anna.get(f"{path}copy/to/", {"to": target.client_id})
    set_all(portal.environment, str(target.id), contact="else@acme.example")

    response = sent(anna, page, f"{path}copy/to/")

    assert response.status_code == 409
    assert "The settings were changed meanwhile." in response.text
    assert "else@acme.example" in response.text
    assert found(portal.environment, "Meter import").contact == "else@acme.example"
    assert sent(anna, response, f"{path}copy/to/").status_code == 303
    assert found(portal.environment, "Meter import").contact == "ops@acme.example"


def test_the_loss_of_a_scope_that_was_granted_with_a_proof_is_said_and_revokes_tokens(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    anna.register("Meter import")
    target = found(portal.environment, "Meter import")
    set_all(portal.environment, str(target.id), scope=Scope.parse("read portal_users"))

    page = anna.get(f"{path}copy/to/", {"to": target.client_id})
    sent(anna, page, f"{path}copy/to/")

    assert "All tokens of Meter import are revoked" in page.text
    assert found(portal.environment, "Meter import").tokens_revoked_before


def test_equal_applications_have_nothing_to_copy(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    sent(anna, anna.get(f"{path}copy/"), f"{path}copy/", name="Copy", secret_end="never")
    client_id = found(portal.environment, "Copy").client_id

    page = anna.get(f"{path}copy/to/", {"to": client_id}).text

    assert "No setting changes." in page
    assert f'action="{path}copy/to/"' not in page


@pytest.mark.parametrize("to", ["", "nobody", "x" * 5000, "a\x00b", "'; --", "\u202e"])
def test_a_client_id_that_is_not_one_of_the_organization_is_said(
    anna: Browser, path: str, to: str
) -> None:
    assert "There is no such application" in anna.get(f"{path}copy/to/", {"to": to}).text


def test_neither_the_same_application_nor_another_organizations_can_be_the_target(
    portal: PortalServer, anna: Browser, path: str
) -> None:
    portal.as_("bo").register("Bolt import")

    for name in ("Billing sync", "Bolt import"):
        page = anna.get(f"{path}copy/to/", {"to": found(portal.environment, name).client_id})
        assert "There is no such application" in page.text
        form = {"to": found(portal.environment, name).client_id, "shown": "x"}
        assert anna.post(f"{path}copy/to/", **form).status_code == 404


def copy_code(browser: Browser, path: str) -> str:
    page = browser.get(f"{path}copy/").text
    return unescape(re.findall(r'<code id="copy-code"[^>]*>([^<]+)</code>', page)[0])


def test_an_application_of_production_is_copied_to_the_sandbox_by_a_code(
    portal: PortalServer, anna: Browser, path: str, nina: Browser
) -> None:
    code = copy_code(anna, path)

    page = nina.post(f"{COPY}look/", copy_code=code)
    response = sent(nina, page, COPY, name="Billing sync", secret_end="never")

    assert page.status_code == 200
    assert "Copy Billing sync from production" in page.text
    assert response.status_code == 303, response.text
    sandbox = portal.app.environments[1]
    new = found(sandbox, "Billing sync")
    assert settings(new) == settings(found(portal.environment, "Billing sync"))
    assert new.client_id.startswith("gpc_test_")
    assert "gps_test_" in nina.get(str(response.headers["location"])).text
    assert "Copied the settings of Billing sync (production)" in nina.get("/activity/").text


def test_a_scope_that_the_other_environment_has_not_is_shown_before_anything_is_made(
    portal: PortalServer, anna: Browser, path: str, nina: Browser
) -> None:
    set_all(portal.environment, id_of(path), scope=Scope.parse("read introspection"))

    page = nina.post(f"{COPY}look/", copy_code=copy_code(anna, path)).text

    assert "<strong>Not copied:</strong> <code>introspection</code>" in page
    assert re.search(r"badge-warn\">Different", page)


@pytest.mark.parametrize("code", ["", "x", "é", "A" * 220, "A" * 900, "A" * 3000])
def test_what_is_no_copy_code_is_refused_and_kept_in_the_field(nina: Browser, code: str) -> None:
    response = nina.post(f"{COPY}look/", copy_code=code)

    assert response.status_code == 400
    assert "This is no copy code of the other environment" in response.text
    assert f">{code}</textarea>" in response.text


def test_a_code_ends_after_an_hour(
    portal: PortalServer, clock: Clock, anna: Browser, path: str, nina: Browser
) -> None:
    code = copy_code(anna, path)
    clock.advance(3599)
    assert nina.log_in("nina").status_code == 303  # the session was idle for too long
    in_time = nina.post(f"{COPY}look/", copy_code=code)
    clock.advance(2)
    late = nina.post(f"{COPY}look/", copy_code=code)

    assert in_time.status_code == 200
    assert (late.status_code, "more than an hour old" in late.text) == (400, True)
    assert portal.rows("SELECT name FROM application") == [("Billing sync",)]


def test_a_code_of_an_environment_is_not_good_in_the_same_one(anna: Browser, path: str) -> None:
    assert anna.post(f"{COPY}look/", copy_code=copy_code(anna, path)).status_code == 400


def test_a_code_holds_no_settings_and_is_in_no_log_or_url(anna: Browser, path: str) -> None:
    code = copy_code(anna, path)

    assert "Billing" not in code
    assert len(code) < 400
    assert f"?{code}" not in anna.get(f"{path}copy/").text


def test_an_application_that_was_deleted_meanwhile_is_not_copied(
    anna: Browser, path: str, nina: Browser
) -> None:
    page = nina.post(f"{COPY}look/", copy_code=copy_code(anna, path))
    anna.post(f"{path}delete/", confirm="Billing sync")

    response = sent(nina, page, COPY, name="Billing sync", secret_end="never")

    assert (response.status_code, "was deleted" in response.text) == (400, True)


def test_a_form_whose_session_has_ended_comes_back_after_the_login(
    portal: PortalServer, anna: Browser, path: str, nina: Browser
) -> None:
    page = nina.post(f"{COPY}look/", copy_code=copy_code(anna, path))
    with portal.app.environments[1].database.write() as connection:
        connection.exec_driver_sql("DELETE FROM session")

    refused = sent(nina, page, COPY, name="Kept name", secret_end="30")
    fields = dict(re.findall(r'name="(saved_form_\d)" value="([^"]*)"', refused.text))
    response = nina.send(
        "/accounts/login/",
        {"csrf": nina.csrf(), "username": "nina", "password": PASSWORD, "next": COPY, **fields},
    )

    assert fields
    assert 'value="Kept name"' in response.text
    assert "Copy Billing sync from production" in response.text


class TestOneIdentity:
    """Where production's accounts are trusted in the sandbox, an id is enough."""

    @pytest.fixture
    def portal(self, make_portal: MakePortal) -> PortalServer:
        return make_portal(sandbox_identity="production")

    @pytest.fixture
    def anna(self, portal: PortalServer) -> Browser:
        browser = portal.as_("anna")
        browser.client.get(f"{SANDBOX}/oauth2/applications/", follow_redirects=True)
        return browser

    def test_an_application_is_copied_to_production_and_back(
        self, portal: PortalServer, anna: Browser, path: str
    ) -> None:
        page = anna.get(f"{SANDBOX}{COPY}", {"from": id_of(path)})
        assert "Copy Billing sync from production" in page.text
        given = {**hidden(page, COPY), "name": "Trial", "secret_end": "never"}
        made = anna.send(f"{SANDBOX}{COPY}", given, origin=SANDBOX)
        assert made.status_code == 303, made.text
        copy = found(portal.app.environments[1], "Trial")

        back = anna.get(COPY, {"from": str(copy.id)})

        assert "Copy Trial from the sandbox" in back.text
        assert sent(anna, back, COPY, name="Trial", secret_end="never").status_code == 303
        assert settings(found(portal.environment, "Trial")) == settings(copy)

    def test_the_page_leads_there_without_a_code(self, anna: Browser, path: str) -> None:
        page = anna.get(f"{path}copy/").text

        assert f'href="{SANDBOX}{COPY}?from={id_of(path)}"' in page
        assert "copy-code" not in page

    @pytest.mark.parametrize("given", ["", "x", "00000000-0000-4000-8000-000000000000"])
    def test_what_is_no_application_of_the_organization_is_not_there(
        self, portal: PortalServer, anna: Browser, given: str
    ) -> None:
        theirs = portal.as_("bo").register("Bolt import")

        for each in (given, id_of(theirs)):
            assert anna.get(f"{SANDBOX}{COPY}", {"from": each}).status_code == 404
            form = {"source_id": each, "name": "x", "secret_end": "never"}
            assert anna.post(COPY, **form).status_code == 404

    def test_somebody_who_has_to_log_in_comes_back_to_the_application(
        self, portal: PortalServer, path: str
    ) -> None:
        browser = portal.browser()

        response = browser.get(COPY, {"from": id_of(path)})

        assert f"from%3D{id_of(path)}" in str(response.headers["location"])
