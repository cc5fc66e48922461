"""A session records how, and when last, its person proved who they are."""

from datetime import datetime

from gatepass.server.domain.users.sessions import store
from gatepass.server.domain.users.sessions.proofs import store as proofs
from gatepass.server.domain.users.sessions.proofs.model import Method
from server.portal.fixtures import NEW_PASSWORD, PASSWORD, PortalServer


def test_a_login_and_a_changed_password_are_proofs_by_password(portal: PortalServer) -> None:
    browser = portal.as_("anna")
    before = _of_sessions(portal, "anna")
    portal.clock.advance(60)
    browser.post(
        "/accounts/password/",
        current_password=PASSWORD,
        new_password=NEW_PASSWORD,
        new_password_again=NEW_PASSWORD,
    )

    after = _of_sessions(portal, "anna")
    assert [list(each) for each in (*before, *after)] == [["password"], ["password"]]
    assert (after[0]["password"] - before[0]["password"]).total_seconds() == 60


def test_the_proofs_of_a_session_end_with_it(portal: PortalServer) -> None:
    portal.as_("anna").post("/accounts/logout/")

    with portal.environment.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM proof").scalar_one() == 0


def _of_sessions(portal: PortalServer, username: str) -> list[dict[Method, datetime]]:
    with portal.environment.database.read() as connection:
        found = store.of_user(connection, portal.person(username).id)
        return [proofs.of_session(connection, each.id_digest) for each in found]
