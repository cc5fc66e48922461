"""What an application's page says of a secret that was reported as leaked."""

import re
from uuid import UUID

from gatepass.server.domain.applications.secrets.leaks import operations as leaks
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.revocations.leak_reports import operations
from gatepass.server.domain.revocations.leak_reports.model import report_of_secret
from gatepass.server.domain.users.sessions import policies
from gatepass.testing import Clock
from gatepass.wire.secret import Secret
from server.portal.fixtures import Browser, PortalServer
from server.portal.pages.test_policies import words

WHERE = "https://github.com/acme/billing/blob/1f2e/<settings>.py"


def leak(portal: PortalServer, secret: Secret, location: str = WHERE) -> None:
    """Report a secret as GitHub does, and do what the housekeeping does."""
    context = portal.environment.context
    report = report_of_secret(secret, context.now(), "192.0.2.9", "github", location)
    operations.receive(context, [report])
    operations.process(context)


def registered(browser: Browser) -> tuple[str, Secret]:
    """Register an application; return its path and its secret."""
    path = browser.register()
    shown = browser.get(f"{path}credentials/").text
    [secret] = set(re.findall(r"gps_live_\w+", shown))
    return path, Secret(secret)


def test_the_page_says_that_it_leaked_where_and_what_to_do(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    path, secret = registered(anna)
    leak(portal, secret)

    text = anna.get(f"{path}credentials/").text
    shown = words(text)

    assert "This secret was reported as leaked now" in shown.replace("just now", "now")
    assert "by GitHub secret scanning, found at" in shown
    assert "<settings>" not in text
    assert "It is the only live secret: rotate it, and deploy the new one before that." in shown
    overview = words(anna.get(path).text)
    assert f"The secret ending in {secret.value[-4:]} was reported as leaked, and ends" in overview
    assert "This secret was reported as leaked" in words(
        portal.as_("sven").get(f"{path}credentials/").text
    )


def test_after_the_end_the_page_still_says_why_programs_get_no_tokens(
    portal: PortalServer, clock: Clock
) -> None:
    path, secret = registered(portal.as_("anna"))
    leak(portal, secret, "")
    clock.advance(24 * 3600)
    leaks.revoke_tokens_of_ended(portal.environment.context)

    shown = words(portal.as_("anna").get(f"{path}credentials/").text)

    assert "A secret that was reported as leaked" in shown
    assert "has ended, and all tokens that the application had are revoked." in shown
    assert "No live secret: the application can get no tokens." in shown
    anna = portal.as_("anna")
    form = {"overlap": "0", "secret_end": "never", "once": anna.form_id(f"{path}rotation/")}
    assert anna.post(f"{path}rotate/", **form).status_code == 303
    assert "reported as leaked" not in words(anna.get(f"{path}credentials/").text)


def test_a_form_that_moves_the_end_to_later_is_refused_beside_its_field(
    portal: PortalServer,
) -> None:
    anna = portal.as_("anna")
    path, secret = registered(anna)
    leak(portal, secret)
    [(secret_id,)] = portal.rows("SELECT id FROM application_secret")

    field = f"end_{UUID(secret_id)}"
    answer = anna.post(f"{path}secrets/{UUID(secret_id)}/expiry/", **{field: "never"})

    assert answer.status_code == 400
    assert "reported as leaked, so it can only end earlier" in words(answer.text)


def test_the_activity_page_says_it_in_words(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    _, secret = registered(anna)
    leak(portal, secret)

    shown = words(anna.get("/activity/").text)

    assert f"The secret {secret.value[-4:]} was reported as leaked: it ends 2027-" in shown
    assert "it is the only live secret. Found at: https://github.com/acme" in shown


def test_an_organization_can_have_leaked_secrets_revoked_at_once(portal: PortalServer) -> None:
    anna = portal.as_("anna")
    policy = "/team/policies/"
    assert "Leaked secrets In force Ends later" in words(anna.get(policy).text)
    assert "Time to replace a leaked secret In force 1 day" in words(anna.get(policy).text)

    anna.post(policy, leaked_secret="revoke", leaked_secret_grace="4h")
    _, secret = registered(anna)
    leak(portal, secret)

    assert "Leaked secrets In force Revoked at once" in words(anna.get(policy).text)
    now = int(portal.environment.now().timestamp() * 1000)
    assert portal.rows("SELECT expires_at FROM application_secret") == [(now,)]


def test_the_operator_may_forbid_the_grace(portal: PortalServer) -> None:
    environment = portal.environment
    policies.change(
        environment.context,
        environment.session_settings,
        OPERATOR,
        None,
        {"leaked_secret": "revoke"},
    )

    answer = portal.as_("anna").post("/team/policies/", leaked_secret="notify")

    assert answer.status_code == 400
    assert "The operator demands: Revoked at once." in words(answer.text)
