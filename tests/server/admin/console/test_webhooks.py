"""Webhooks in the console: of the operator and of organizations, by role."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.endpoints import store
from gatepass.server.domain.changes.webhooks.model import Delivery, Endpoint, Result
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from server.admin.console.confirming import confirm, is_asked, sentences
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_webhooks import main_of

BASE = "/console/production/"
URL = "https://hooks.example.com/gatepass"
FORM = {"url": URL, "description": "Ticket system", "events": "all"}
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
_ID = re.compile(r"/webhooks/([0-9a-f-]{36})/")


def acme(operated: PortalServer) -> UUID:
    return operated.person("anna").org_id


def added(operated: PortalServer, org_id: UUID | None = None) -> Endpoint:
    """Return an endpoint that only this test sends to."""
    context = operated.environment.context
    made = operations.add(context, OPERATOR, org_id, URL, description="Ticket system").endpoint
    with operated.environment.database.write() as connection:
        leased_until = context.now() + timedelta(days=1)
        store.change(connection, made.id, leased_until=leased_until)
    return made


def page_of(endpoint: Endpoint) -> str:
    return f"{BASE}webhooks/{endpoint.id}/"


def sent_test(operated: PortalServer, endpoint: Endpoint, *results: Result) -> Delivery:
    context = operated.environment.context
    deliveries.send_test(context, OPERATOR, endpoint.id, None)
    [found, *_] = deliveries.listed(context, endpoint.id, None)
    for result in results:
        with operated.environment.database.write() as connection:
            found = context.webhooks.settle(connection, found, result, context.now())[0] or found
    return found


def urls(operated: PortalServer) -> list[str]:
    return [str(url) for (url,) in operated.rows("SELECT url FROM webhook_endpoint")]


@pytest.fixture
def stan(operated: PortalServer) -> Browser:
    return operated.as_("stan")


@pytest.mark.parametrize("of_organization", [False, True])
def test_a_new_endpoint_shows_its_signing_secret_once(
    operated: PortalServer, stan: Browser, *, of_organization: bool
) -> None:
    place = f"{BASE}organizations/{acme(operated)}/" if of_organization else BASE
    once = stan.form_id(f"{place}webhooks/add/")

    answers = [stan.post(f"{place}webhooks/add/", **FORM, once=once) for _ in range(2)]
    secret_page = str(answers[0].headers["location"])
    shown, again = stan.get(secret_page), stan.get(secret_page)

    owners = operated.rows("SELECT org_id FROM webhook_endpoint")
    assert len(set(_SECRET.findall(unescape(shown.text)))) == 1
    assert again.headers["location"] == secret_page.removesuffix("secret/")
    assert len(owners) == 1
    assert (owners[0][0] is not None) is of_organization
    assert "Ticket system" in stan.get(f"{place}webhooks/").text
    assert not _SECRET.search(stan.get(secret_page.removesuffix("secret/")).text)


def test_a_wrong_field_is_named_beside_it_and_what_was_typed_stays(
    operated: PortalServer, stan: Browser
) -> None:
    answer = stan.post(
        f"{BASE}webhooks/add/", url="http://x.example/", description="Tickets", events="some"
    )

    text = unescape(answer.text)
    assert answer.status_code == 400
    assert "The URL must begin with https://." in text.partition('id="url-error"')[2]
    assert "Select at least one event." in text.partition('id="events-error"')[2]
    assert 'value="http://x.example/"' in text
    assert urls(operated) == []


def test_events_of_the_server_are_for_the_operators_endpoints_alone(
    operated: PortalServer, stan: Browser
) -> None:
    of_operator = stan.get(f"{BASE}webhooks/add/").text
    of_acme = stan.get(f"{BASE}organizations/{acme(operated)}/webhooks/add/").text

    assert 'name="event_key.rotated"' in of_operator
    assert 'name="event_audit.checkpoint"' in of_operator
    assert 'name="event_key.rotated"' not in of_acme


def test_each_list_has_its_own_endpoints(operated: PortalServer, stan: Browser) -> None:
    own, theirs = added(operated), added(operated, acme(operated))

    of_operator = _ID.findall(stan.get(f"{BASE}webhooks/").text)
    of_acme = _ID.findall(stan.get(f"{BASE}organizations/{acme(operated)}/webhooks/").text)

    assert (of_operator, of_acme) == ([str(own.id)], [str(theirs.id)])
    assert "webhooks/" in stan.get(f"{BASE}organizations/{acme(operated)}/").text
    assert "Acme Energy" in main_of(stan.get(page_of(theirs)))


def test_an_endpoint_of_another_environment_is_not_there(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated)

    assert stan.get(page_of(made)).status_code == 200
    assert stan.get(page_of(made).replace("production", "sandbox")).status_code == 404


def test_an_endpoint_is_changed_as_its_form_has_seen_it(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated)
    form = stan.get(f"{page_of(made)}change/").text
    [seen] = re.findall(r'name="seen" value="([^"]+)"', form)
    new = {"url": "https://other.example.com/", "events": "all", "seen": unescape(seen)}

    done = stan.post(f"{page_of(made)}change/", **new)
    late = stan.post(f"{page_of(made)}change/", **{**new, "url": "https://third.example.com/"})

    assert done.headers["location"] == page_of(made)
    assert urls(operated) == ["https://other.example.com/"]
    assert late.status_code == 409
    assert "Somebody has changed this meanwhile" in main_of(late)
    assert 'value="https://third.example.com/"' in unescape(late.text)


def test_a_secret_is_rotated_once_by_a_form_that_is_sent_twice(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated)
    once = stan.form_id(page_of(made))

    answers = [stan.post(f"{page_of(made)}rotate/", overlap="24", once=once) for _ in range(2)]
    shown = stan.get(str(answers[0].headers["location"]))
    wrong = stan.post(f"{page_of(made)}rotate/", overlap="5")

    assert "each request has two signatures" in main_of(shown)
    assert _SECRET.search(unescape(shown.text))
    assert operated.actions().count("webhook.secret_rotated") == 1
    assert wrong.status_code == 400
    assert "Choose how long the old secret stays valid." in main_of(wrong)


def test_disabling_says_how_many_deliveries_wait_before_it_is_done(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated)
    sent_test(operated, made)
    path = f"{page_of(made)}disable/"

    asked = stan.post(path)
    before = main_of(stan.get(page_of(made)))
    confirm(stan, asked, path)

    assert is_asked(asked, path)
    assert "1 delivery waits: it is sent if you enable the endpoint within three days." in (
        sentences(asked)
    )
    assert "Enabled" in before
    assert "The endpoint is disabled" in main_of(stan.get(page_of(made)))
    stan.post(f"{page_of(made)}enable/")
    assert "The endpoint is enabled." in main_of(stan.get(page_of(made)))


def test_removing_says_what_is_lost_and_leads_to_the_list_it_was_in(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated, acme(operated))
    path = f"{page_of(made)}remove/"

    asked = stan.post(path)
    done = confirm(stan, asked, path)

    assert "This cannot be undone." in main_of(asked)
    assert done.headers["location"] == f"{BASE}organizations/{acme(operated)}/webhooks/"
    assert urls(operated) == []


def test_a_failed_delivery_is_listed_and_sent_again_by_an_account_manager(
    operated: PortalServer,
) -> None:
    made, mara = added(operated, acme(operated)), operated.as_("mara")
    failed = sent_test(operated, made, Result(410, "", 9))
    path = page_of(made)

    shown = main_of(mara.get(path, {"state": "failed"}))
    again = mara.post(f"{path}send-again/", delivery=str(failed.id))
    everything = mara.post(f"{path}send-again/", delivery="failed")
    other = mara.post(f"{path}send-again/", delivery="999999")

    assert "Failed 410 1" in shown
    assert "Change" not in shown
    assert "Rotate" not in shown
    assert (again.status_code, everything.status_code, other.status_code) == (303, 303, 404)
    assert len(operated.rows("SELECT id FROM webhook_delivery WHERE due_at IS NOT NULL")) == 1


def test_a_test_is_sent_and_one_to_a_disabled_endpoint_is_refused_in_words(
    operated: PortalServer, stan: Browser
) -> None:
    made = added(operated)

    stan.post(f"{page_of(made)}test/")
    context = operated.environment.context
    operations.set_enabled(context, OPERATOR, made.id, None, enabled=False)
    refused = stan.post(f"{page_of(made)}test/")

    assert "webhook.test" in main_of(stan.get(page_of(made)))
    assert refused.status_code == 409
    assert "The endpoint is disabled. Enable it first." in main_of(refused)


def test_the_audit_trail_names_the_operator(operated: PortalServer, stan: Browser) -> None:
    stan.post(f"{BASE}webhooks/add/", **FORM)

    rows = operated.rows("SELECT actor, detail FROM audit WHERE action = 'webhook.added'")
    assert "stan" in str(rows)
    assert "hooks.example.com/gatepass" not in str(rows)


def test_endpoints_of_the_operating_organization_have_no_page(
    operated: PortalServer, stan: Browser
) -> None:
    org_id = operated.person("stan").org_id
    made = added(operated, org_id)

    assert stan.get(page_of(made)).status_code == 404
    assert stan.get(f"{BASE}organizations/{org_id}/webhooks/").status_code == 404
    assert stan.post(f"{page_of(made)}remove/", confirmed="yes").status_code == 404
    assert urls(operated) == [URL]
