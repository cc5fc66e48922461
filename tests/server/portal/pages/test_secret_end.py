"""When a client secret ends: at registration, at rotation and later, within the policy."""

import re
from datetime import timedelta
from html import unescape

import pytest

from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users.sessions import policies
from gatepass.testing import Clock
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_registration import GOOD, refused_at, shown

REGISTER = "/oauth2/applications/register/"
DAY = 24 * 3600


def limit(portal: PortalServer, days: int) -> None:
    """Let a policy of the operator say how long a secret lives at most."""
    context, settings = portal.environment.context, portal.environment.session_settings
    policies.change(context, settings, OPERATOR, None, {"secret_lifetime": days * DAY})


def ends(portal: PortalServer) -> list[float | None]:
    """Return in how many days each secret ends, the newest first; None for never."""
    now = portal.environment.now().timestamp() * 1000
    query = "SELECT expires_at FROM application_secret ORDER BY created_at DESC"
    return [None if each is None else (each - now) / (DAY * 1000) for (each,) in portal.rows(query)]


def offered(text: str) -> list[str]:
    """Return what the first choice of an end on a page offers."""
    found = re.search(r'<select[^>]*name="secret_end".*?</select>', text, re.DOTALL)
    assert found
    return re.findall(r'<option value="(\w+)"', found[0])


def end_path(portal: PortalServer, application: str) -> str:
    [(secret_id,)] = portal.rows("SELECT id FROM application_secret")
    return f"{application}secrets/{secret_id}/expiry/"


@pytest.mark.parametrize(
    ("choice", "days"), [("30", 30), ("90", 90), ("180", 180), ("365", 365), ("never", None)]
)
def test_a_secret_ends_as_the_registration_says(
    portal: PortalServer, choice: str, days: int | None
) -> None:
    portal.as_("anna").register(secret_end=choice)

    assert ends(portal) == [days]


def test_a_last_day_is_the_whole_day_in_utc(portal: PortalServer) -> None:
    last = (portal.environment.now() + timedelta(days=45)).date()

    portal.as_("anna").register(secret_end="date", secret_end_date=last.isoformat())

    [(expires_at,)] = portal.rows("SELECT expires_at FROM application_secret")
    assert expires_at % (DAY * 1000) == 0
    [left] = ends(portal)
    assert left is not None
    assert 45 <= left <= 46


def test_a_program_that_sends_no_end_gets_a_secret_without_one(portal: PortalServer) -> None:
    portal.as_("anna").register()

    assert ends(portal) == [None]


@pytest.mark.parametrize(
    ("choice", "day"),
    [
        ("date", ""),
        ("date", "2020-01-01"),
        ("date", "31.01.2027"),
        ("date", "2027-02-30"),
        ("date", "9999-12-31"),
        ("date", "2099-01-01"),
        ("29", ""),
        ("-1", ""),
        ("\u0663\u0660", ""),
    ],
)
def test_an_end_that_is_not_offered_is_refused_beside_its_field(
    portal: PortalServer, choice: str, day: str
) -> None:
    anna = portal.as_("anna")

    response = anna.post(REGISTER, **GOOD, secret_end=choice, secret_end_date=day)

    assert response.status_code == 400
    assert refused_at(response.text) == {"secret_end"}
    assert f'name="secret_end_date" value="{day}"' in response.text
    assert portal.rows("SELECT id FROM application") == []


def test_the_policy_leaves_only_shorter_ends_and_chooses_the_longest(portal: PortalServer) -> None:
    limit(portal, 100)
    anna = portal.as_("anna")

    text = anna.get(REGISTER).text
    refused = anna.post(REGISTER, **GOOD, secret_end="never")
    anna.register()

    assert offered(text) == ["30", "90", "date"]
    assert '<option value="90" selected>' in text
    assert refused.status_code == 400
    assert "A secret lives 100 days at most here." in refused.text
    assert ends(portal) == [100]


def test_a_rotation_gives_the_new_secret_its_end(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    application = anna.register()
    clock.advance(60)

    anna.post(f"{application}rotate/", overlap="86400", secret_end="180")

    assert ends(portal) == [180, 1]


def test_a_wrong_end_of_a_rotation_changes_nothing_and_keeps_the_choices(
    portal: PortalServer,
) -> None:
    anna = portal.as_("anna")
    application = anna.register()

    response = anna.post(
        f"{application}rotate/", overlap="604800", secret_end="date", secret_end_date="2020-01-01"
    )

    assert response.status_code == 400
    assert refused_at(response.text) == {"secret_end"}
    assert re.search(r'value="604800"[^>]* checked', response.text)
    assert ends(portal) == [None]


def test_an_end_is_changed_later_and_the_activity_says_it(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    application = anna.register()

    response = anna.post(end_path(portal, application), secret_end="30")

    assert response.status_code == 303
    assert ends(portal) == [30]
    assert "Changed the end of the secret" in anna.get("/activity/").text


def test_a_wrong_later_end_is_shown_beside_the_secret(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    application = anna.register(secret_end="90")

    response = anna.post(
        end_path(portal, application), secret_end="date", secret_end_date="2020-01-01"
    )

    assert response.status_code == 400
    assert "This date has passed. Choose a later one." in unescape(response.text)
    assert ends(portal) == [90]


def test_an_old_secret_that_a_rotation_ends_is_not_given_more_time(
    portal: PortalServer, clock: Clock
) -> None:
    anna = portal.as_("anna")
    application = anna.register()
    clock.advance(60)
    path = end_path(portal, application)
    anna.post(f"{application}rotate/", overlap="86400", secret_end="never")

    response = anna.post(path, secret_end="365")

    assert response.status_code == 400
    assert "it can only end earlier" in response.text
    assert ends(portal) == [None, 1]


def test_a_secret_of_another_organization_keeps_its_end(portal: PortalServer) -> None:
    application = portal.as_("anna").register()

    response = portal.as_("bo").post(end_path(portal, application), secret_end="30")

    assert response.status_code == 404
    assert ends(portal) == [None]


def test_the_page_reminds_from_ninety_days_before(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    application = anna.register(secret_end="180")

    early = anna.get(application).text
    clock.advance(100 * DAY)
    late = portal.as_("anna").get(application).text

    assert "Rotate it, and deploy" not in early
    assert "It expires in 80 days. Rotate it, and deploy the new secret before that." in late


def test_an_expired_secret_gets_no_token(portal: PortalServer, clock: Clock) -> None:
    anna = portal.as_("anna")
    text = anna.get(anna.register(secret_end="30") + "credentials/").text
    pair = shown(text, "client-id"), shown(text, "client-secret")

    before = _token(anna, pair)
    clock.advance(30 * DAY)

    assert (before, _token(anna, pair)) == (200, 401)


def _token(browser: Browser, pair: tuple[str, str]) -> int:
    response = browser.client.post(
        "/oauth2/token/", auth=pair, data={"grant_type": "client_credentials"}
    )
    return response.status_code
