"""Without mail the portal serves before `gatepass migrate` has made the tables that mail needs."""

from collections.abc import Callable

from gatepass.server.environment import maintenance
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, PortalServer

NEW_TABLES = "account_link", "confirmed_email", "invitation", "outbox", "policy", "proof", "login"


def test_without_mail_the_portal_serves_on_the_tables_of_the_version_before(
    make_portal: Callable[..., PortalServer],
) -> None:
    portal = make_portal()
    for table in NEW_TABLES:
        portal.run(f"DROP TABLE {table}")
    portal.run("UPDATE gatepass_schema SET revision = '0011'")
    portal.close()
    portal = make_portal(auto_migrate=False)
    anna, sven = portal.as_("anna"), portal.person("sven")

    pages = [
        anna.get(path).status_code
        for path in (
            *("/team/", "/team/add/", f"/team/{sven.id}/", "/team/policies/"),
            *("/account/", "/accounts/recover/"),
        )
    ]
    policy = anna.post("/team/policies/", session_idle="15m")
    reset = anna.post(f"/team/{sven.id}/password/")
    changed = anna.post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )
    link = anna.get("/accounts/recover/some-token/")
    maintenance.prune(portal.environment)

    assert pages == [200] * 6
    assert policy.status_code == 503
    assert "gatepass migrate" in policy.text
    assert (reset.status_code, changed.status_code, link.status_code) == (303, 303, 404)
