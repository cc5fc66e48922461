"""Webhooks of an organization: administrators add, test, change, rotate and remove endpoints."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest
from httpx2 import Response

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes.webhooks.endpoints import store
from gatepass.server.domain.changes.webhooks.model import MOST_ENDPOINTS, Delivery, Result
from gatepass.server.domain.organizations.webhooks import deliveries, operations
from gatepass.server.domain.organizations.webhooks.operations import Added
from server.portal.fixtures import Browser, PortalServer

PATH = "/team/webhooks/"
URL = "https://hooks.example.com/gatepass?team=billing"
FORM = {"url": URL, "description": "Ticket system", "events": "all"}
DAY = timedelta(days=1)
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
_VERSION = re.compile(r'name="version" value="([0-9a-f]+)"')


@pytest.fixture
def anna(portal: PortalServer) -> Browser:
    return portal.as_("anna")


def main_of(response: Response) -> str:
    """Return the text of a page's main part, without markup."""
    main = response.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub("<[^>]+>", " ", main)).split())


def added(portal: PortalServer, org_id: UUID | None = None, **given: str) -> Added:
    """Return an endpoint of Acme that only this test sends to."""
    context = portal.environment.context
    made = operations.add(
        context,
        OPERATOR,
        org_id or portal.person("anna").org_id,
        given.get("url", URL),
        description="Ticket system",
    )
    with portal.environment.database.write() as connection:
        store.change(connection, made.endpoint.id, leased_until=context.now() + DAY)
    return made


def page_of(made: Added) -> str:
    return f"{PATH}{made.endpoint.id}/"


def sent_test(portal: PortalServer, made: Added, *results: Result) -> Delivery:
    """Return the delivery of a test that was tried with these results."""
    context, its = portal.environment.context, made.endpoint
    deliveries.send_test(context, OPERATOR, its.id, its.org_id)
    [found, *_] = deliveries.listed(context, its.id, its.org_id)
    for result in results:
        with portal.environment.database.write() as connection:
            found = context.webhooks.settle(connection, found, result, context.now())[0] or found
    return found


def endpoints(portal: PortalServer) -> list[str]:
    rows = portal.rows("SELECT url FROM webhook_endpoint ORDER BY created_at")
    return [str(url) for (url,) in rows]


def test_a_new_endpoint_shows_its_signing_secret_once(portal: PortalServer, anna: Browser) -> None:
    answer = anna.post(f"{PATH}add/", **FORM)
    secret_page = str(answer.headers["location"])

    anna.client.head(secret_page)  # does not use it up
    shown = anna.get(secret_page)
    again = anna.get(secret_page)
    after = anna.get(secret_page.removesuffix("secret/"))

    [secret] = set(_SECRET.findall(unescape(shown.text)))
    assert (answer.status_code, shown.status_code, again.status_code) == (303, 200, 303)
    assert "The signing secret was shown already." in after.text
    assert endpoints(portal) == [URL]
    assert not _SECRET.search(after.text + anna.get(PATH).text)
    assert secret.encode() not in portal.dump()
    assert secret not in str(answer.headers)


def test_a_form_that_is_sent_twice_adds_one_endpoint(portal: PortalServer, anna: Browser) -> None:
    once = anna.form_id(f"{PATH}add/")

    answers = [anna.post(f"{PATH}add/", **FORM, once=once) for _ in range(2)]

    assert len({each.headers["location"] for each in answers}) == 1
    assert len(endpoints(portal)) == 1
    assert _SECRET.search(unescape(anna.get(str(answers[0].headers["location"])).text))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "http://hooks.example.com/", "The URL must begin with https://."),
        ("url", "https://127.0.0.1/", "127.0.0.1 is not a public address."),
        ("url", "https://anna:pw@hooks.example.com/", "Leave user name, password"),
        ("url", "", "Give an https URL"),
        ("description", "x" * 101, "Give one line of 100 characters at most."),
        ("events", "some", "Select at least one event."),
    ],
)
def test_a_wrong_field_is_named_beside_it_and_what_was_typed_stays(
    portal: PortalServer, anna: Browser, field: str, value: str, said: str
) -> None:
    given = {**FORM, "description": 'Tickets "&<', field: value}

    answer = anna.post(f"{PATH}add/", **given)

    assert answer.status_code == 400
    error = answer.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert said in unescape(error)
    text = unescape(answer.text)
    assert f'value="{given["url"]}"' in text
    assert f'value="{given["description"]}"' in text
    assert endpoints(portal) == []


def test_events_that_were_ticked_stay_ticked(anna: Browser) -> None:
    answer = anna.post(f"{PATH}add/", url="", events="some", **{"event_secret.leaked": "yes"})

    ticked = re.findall(r'name="event_([a-z_.]+)" value="yes"[^>]* checked', answer.text)
    assert ticked == ["secret.leaked"]


def test_what_the_operators_endpoints_may_reach_is_refused(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal(webhooks={"allowed_networks": ("10.0.0.0/8",)})

    answer = portal.as_("anna").post(f"{PATH}add/", **{**FORM, "url": "https://10.1.2.3/"})

    assert "10.1.2.3 is not a public address." in main_of(answer)


def test_the_list_says_how_each_endpoint_does(portal: PortalServer, anna: Browser) -> None:
    empty = main_of(anna.get(PATH))
    failing = added(portal)
    sent_test(portal, failing, Result(503, "", 12))

    assert "No endpoints yet" in empty
    assert "Ticket system" in main_of(anna.get(PATH))
    assert "Failing" in main_of(anna.get(PATH))


def test_at_the_most_none_is_added(portal: PortalServer, anna: Browser) -> None:
    for _ in range(MOST_ENDPOINTS):
        added(portal)

    assert f'href="{PATH}add/"' not in anna.get(PATH).text
    answer = anna.post(f"{PATH}add/", **FORM)
    assert answer.status_code == 409
    assert "There are 10 endpoints already. Remove one first." in main_of(answer)


def test_a_test_is_written_and_listed(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)

    answer = anna.post(f"{page_of(made)}test/")

    assert answer.headers["location"] == f"{page_of(made)}#deliveries"
    assert "webhook.test environment/production" in main_of(anna.get(page_of(made)))


def test_a_delivery_is_listed_with_its_answer_and_the_next_try(
    portal: PortalServer, anna: Browser
) -> None:
    made = added(portal)
    sent_test(portal, made, Result(503, "", 12), Result(None, "no answer in time", 15_000))
    sent_test(portal, made, Result(503, "", 12))

    text = main_of(anna.get(page_of(made)))

    assert "Waiting It did not answer in time. 2 in 5 minutes" in text
    assert "Waiting 503 1 just now" in text


def test_a_failed_delivery_is_found_by_its_state_and_sent_again(
    portal: PortalServer, anna: Browser
) -> None:
    made = added(portal)
    taken = sent_test(portal, made, Result(204, "", 9))
    failed = sent_test(portal, made, Result(410, "", 9))
    path = page_of(made)

    assert "204" not in main_of(anna.get(path, {"state": "failed"}))
    assert "410" in main_of(anna.get(path, {"state": "failed"}))
    one = anna.post(f"{path}send-again/", delivery=str(failed.id))
    rows = portal.rows("SELECT id FROM webhook_delivery WHERE due_at IS NOT NULL")
    assert one.status_code == 303
    assert rows == [(failed.id,)]
    assert "1 delivery is sent again." in main_of(anna.get(path))
    anna.post(f"{path}send-again/", delivery=str(taken.id))
    assert len(portal.rows("SELECT id FROM webhook_delivery WHERE due_at IS NOT NULL")) == 2


def test_all_that_failed_is_sent_again_at_once(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)
    for status in (410, 410, 204):
        sent_test(portal, made, Result(status, "", 9))

    anna.post(f"{page_of(made)}send-again/", delivery="failed")

    assert "2 deliveries are sent again." in main_of(anna.get(page_of(made)))


@pytest.mark.parametrize("number", ["", "x", "-1", "999999", "9" * 40, "\u0663"])
def test_a_delivery_that_is_not_there_is_not_sent(
    portal: PortalServer, anna: Browser, number: str
) -> None:
    made = added(portal)
    other = sent_test(portal, added(portal))

    answers = [
        anna.post(f"{page_of(made)}send-again/", delivery=each) for each in (number, str(other.id))
    ]

    assert [each.status_code for each in answers] == [404, 404]


def test_deliveries_have_pages(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)
    sent = [sent_test(portal, made) for _ in range(51)]
    first = anna.get(page_of(made))
    [older] = re.findall(rf'href="{page_of(made)}(\?before=\d+)#deliveries"', first.text)

    second = anna.get(page_of(made) + older)

    assert first.text.count("webhook.test</span>") == 50
    assert second.text.count("webhook.test</span>") == 1
    assert anna.get(page_of(made), {"before": "x"}).status_code == 404
    assert older == f"?before={sent[1].id}"


def test_a_change_is_made_and_said(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)
    form = anna.get(f"{page_of(made)}change/").text
    new = "https://other.example.com/"

    answer = anna.post(
        f"{page_of(made)}change/", url=new, events="some", **{"event_secret.leaked": "yes"}
    )

    assert f'value="{URL}"' in unescape(form)
    assert answer.status_code == 303
    text = main_of(anna.get(page_of(made)))
    assert "The endpoint is changed." in text
    assert new in text
    assert "secret.leaked" in text


def test_a_new_secret_is_shown_and_the_old_one_ends_later(
    portal: PortalServer, anna: Browser
) -> None:
    made = added(portal)
    [version] = _VERSION.findall(anna.get(page_of(made)).text)

    answers = [
        anna.post(f"{page_of(made)}rotate/", overlap="24", version=version) for _ in range(2)
    ]
    shown = anna.get(str(answers[0].headers["location"]))

    [secret] = set(_SECRET.findall(unescape(shown.text)))
    assert secret != made.secret.value
    assert [each.status_code for each in answers] == [303, 303]
    assert portal.actions().count("webhook.secret_rotated") == 1
    assert "each request has two signatures" in main_of(shown)
    assert "The old one ends in 24 hours" in main_of(anna.get(page_of(made)))


def test_a_leaked_secret_ends_at_once(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)

    answer = anna.post(f"{page_of(made)}rotate/", overlap="0")

    assert "The old secret has ended." in main_of(anna.get(str(answer.headers["location"])))


@pytest.mark.parametrize("overlap", ["", "2", "-1", "9999999", "x"])
def test_an_overlap_that_is_not_offered_is_refused(
    portal: PortalServer, anna: Browser, overlap: str
) -> None:
    made = added(portal)

    answer = anna.post(f"{page_of(made)}rotate/", overlap=overlap)

    assert answer.status_code == 400
    assert "Choose how long the old secret stays valid." in main_of(answer)
    assert "webhook.secret_rotated" not in portal.actions()


def test_an_endpoint_is_disabled_enabled_and_removed(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)
    path = page_of(made)

    anna.post(f"{path}disable/")
    disabled = main_of(anna.get(path))
    refused = anna.post(f"{path}test/")
    anna.post(f"{path}enable/")
    enabled = main_of(anna.get(path))
    anna.post(f"{path}remove/")

    assert "A person has disabled it." in disabled
    assert "Send a test" not in disabled
    assert refused.status_code == 409
    assert "The endpoint is disabled. Enable it first." in main_of(refused)
    assert "The endpoint is enabled." in enabled
    assert "The endpoint is removed." in main_of(anna.get(PATH))
    assert endpoints(portal) == []


def test_one_that_its_receiver_gave_up_says_so(portal: PortalServer, anna: Browser) -> None:
    made = added(portal)
    with portal.environment.database.write() as connection:
        operations.disable_failed(connection, made.endpoint, "gone", portal.environment.now())

    assert "Its receiver answered 410 (gone)." in main_of(anna.get(page_of(made)))


def test_the_activity_says_what_was_done_in_words(anna: Browser) -> None:
    path = str(anna.post(f"{PATH}add/", **FORM).headers["location"]).removesuffix("secret/")
    anna.post(f"{path}rotate/", overlap="24")
    anna.post(f"{path}disable/")

    text = main_of(anna.get("/activity/"))

    assert "Added a webhook endpoint (events: all)" in text
    assert "Rotated the secret of a webhook endpoint" in text
    assert "Disabled a webhook endpoint" in text


def test_an_endpoint_of_the_operator_is_not_there(portal: PortalServer, anna: Browser) -> None:
    context = portal.environment.context
    made = operations.add(context, OPERATOR, None, URL)

    assert anna.get(page_of(made)).status_code == 404
    assert anna.post(f"{page_of(made)}remove/").status_code == 404
    assert "hooks.example.com" not in anna.get(PATH).text


def test_before_the_tables_are_there_the_pages_say_so(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal()
    portal.run("UPDATE gatepass_schema SET revision = '0011'")
    portal.close()
    portal = make_portal(auto_migrate=False)
    anna = portal.as_("anna")

    shown, refused = anna.get(PATH), anna.post(f"{PATH}add/", **FORM)

    assert "Webhooks are not available yet" in main_of(shown)
    assert f'href="{PATH}add/"' not in shown.text
    assert refused.status_code == 503
    assert "gatepass migrate" in main_of(refused)
    assert f'value="{URL}"' in unescape(refused.text)


def test_events_that_an_organization_does_not_get_are_not_taken(
    anna: Browser,
) -> None:
    answer = anna.post(
        f"{PATH}add/", **{**FORM, "events": "some", "event_key.rotated": "yes", "event_x": "yes"}
    )

    assert answer.status_code == 400
    assert "Select at least one event." in main_of(answer)
