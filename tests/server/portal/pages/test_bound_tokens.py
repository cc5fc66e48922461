"""Whether an application needs tokens that are bound to a key: portal, command and operation."""

from collections.abc import Callable

from gatepass.server.admin.operations.perform import Conditions, perform
from gatepass.server.admin.operations.registry import REMOTE
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.model import Application
from gatepass.server.domain.audit.model import OPERATOR
from server.portal.fixtures import PortalServer
from server.portal.pages.test_copying import sent


def found(portal: PortalServer) -> Application:
    org_id = portal.person("anna").org_id
    [application] = operations.of_organization(portal.environment.context, org_id)
    return application


def test_an_administrator_requires_bound_tokens_and_the_page_says_so(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    before = browser.get(path).text

    answer = browser.post(f"{path}bound-tokens/", dpop_bound_access_tokens="required")

    assert answer.status_code == 303
    assert found(portal).dpop_bound_access_tokens
    assert "Optional" in before
    assert "Required" in browser.get(path).text
    assert portal.actions()[-1] == "application.bound_tokens"
    activity = browser.get("/activity/").text
    assert "Set tokens that are bound to a key to required" in activity


def test_a_value_that_is_not_offered_is_refused_beside_the_field(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()

    answer = browser.post(f"{path}bound-tokens/", dpop_bound_access_tokens="perhaps")

    assert answer.status_code == 400
    assert "Choose one of optional, required." in answer.text
    assert not found(portal).dpop_bound_access_tokens


def test_a_copy_of_an_application_needs_what_the_original_needs(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    path = browser.register()
    browser.post(f"{path}bound-tokens/", dpop_bound_access_tokens="required")

    copy = f"{path}copy/"
    sent(browser, browser.get(copy), copy, name="Copy", secret_end="never")

    org_id = portal.person("anna").org_id
    both = operations.of_organization(portal.environment.context, org_id)
    assert [each.dpop_bound_access_tokens for each in both] == [True, True]


def test_an_operator_learns_what_a_requirement_stops_before_it_is_made(
    portal: PortalServer,
) -> None:
    portal.as_("anna").register()
    change = next(each for each in REMOTE if each.name == "application.change")
    wanted = change.input(client_id=found(portal).client_id, dpop_bound_access_tokens=True)

    tried = perform(change, portal.environment, OPERATOR, wanted, Conditions(dry_run=True))
    still = found(portal).dpop_bound_access_tokens
    done = perform(change, portal.environment, OPERATOR, wanted, Conditions())

    assert tried.effect is not None
    assert [str(each) for each in tried.effect.sentences] == [
        "Its programs that send no DPoP proof get no new token."
    ]
    assert (still, found(portal).dpop_bound_access_tokens) == (False, True)
    assert done.result["dpop_bound_access_tokens"] is True


def test_on_the_tables_of_the_version_before_it_cannot_be_changed_and_all_else_can(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal()
    portal.run("DROP TABLE application_setting")
    portal.run("UPDATE gatepass_schema SET revision = '0034'")
    portal.close()
    portal = make_portal(auto_migrate=False)
    browser = portal.as_("anna")
    path = browser.register()

    answer = browser.post(f"{path}bound-tokens/", dpop_bound_access_tokens="required")
    renamed = browser.post(f"{path}rename/", name="New")

    assert answer.status_code == 503
    assert "gatepass migrate" in answer.text
    assert renamed.status_code == 303
    assert found(portal).name == "New"
