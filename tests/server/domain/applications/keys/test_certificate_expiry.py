"""Administrators are reminded before an application's last certificate expires."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from certificates import certificate, of_days
from gatepass.jose.x509.certificate import Certificate
from gatepass.server.domain.applications.keys.certificates import operations
from gatepass.server.domain.applications.keys.methods import operations as methods
from gatepass.server.domain.applications.keys.methods.expiry.model import (
    Expiring,
    Validity,
    due_reminder,
    is_soon,
    reminders_of,
)
from gatepass.server.domain.applications.keys.methods.expiry.operations import find, remind
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.environment import maintenance
from server.fixtures import Client, InProcessServer, open_passive_server
from server.mutual_tls import GIVEN, ask, with_certificate, with_subject

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 28, 14, 30, tzinfo=UTC)
DNS = "tls_client_auth_subject_dn", "CN=billing,O=Acme Ltd,C=DE"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data", mail=MAIL, **GIVEN) as server:
        yield server


def administered(server: InProcessServer, client: Client) -> Client:
    """Give the organization of a client an administrator."""
    environment = server.environment()
    initial_passwords.add_with_access(
        environment.context,
        OPERATOR,
        client.application.org_id,
        username="anna",
        email="anna@example.com",
        role="admin",
        initial=run(initial_passwords.new_password(environment.hasher)),
    )
    return client


def mails(server: InProcessServer) -> list[str]:
    found = server.environment().context.outbox.messages("mail")
    return [each.address for each in found if each.kind == "certificates_expiring"]


def issued(server: InProcessServer, days: int) -> Certificate:
    """Make a certificate of an authority that begins now and ends in so many days."""
    now = datetime.fromtimestamp(server.clock(), UTC)
    return certificate(DNS[1], start=now, end=now + days * DAY, issuer="CN=Authority")


def use(server: InProcessServer, client: Client, shown: Certificate) -> int:
    """Ask for a token with a certificate, and write the use; return the status."""
    status = ask(server, client, shown, verify="SUCCESS").status_code
    maintenance.flush(server.environment())
    return status


def end_of(server: InProcessServer, client: Client) -> datetime | None:
    [found] = operations.of_application(server.environment().context, client.application)
    return found.expires_at


def test_a_reminder_is_given_once_and_the_next_one_on_its_day(server: InProcessServer) -> None:
    client, _ = with_certificate(server, shown=of_days(90.1, server.clock()))
    administered(server, client)
    context, given = server.environment().context, []
    for _ in range(92):
        given.append(remind(context))
        given.append(remind(context))
        server.clock.advance(24 * 3600)

    assert [day // 2 for day, number in enumerate(given) if number] == [30, 60, 75, 83, 89, 90]
    assert mails(server) == ["anna@example.com"] * 6


def test_the_last_certificate_that_a_subject_recognised_is_reminded_of_in_its_last_quarter(
    server: InProcessServer,
) -> None:
    client = administered(server, with_subject(server, *DNS))
    context, shown = server.environment().context, issued(server, 365)
    assert end_of(server, client) is None
    assert use(server, client, shown) == 200
    assert end_of(server, client) == shown.not_after
    assert remind(context) == 0

    server.clock.advance(300 * 24 * 3600)
    first, second = remind(context), remind(context)
    assert use(server, client, renewed := issued(server, 365)) == 200

    assert (first, second, remind(context)) == (1, 0, 0)
    assert find(context, "certificate", None, 90 * DAY) == []
    [method] = methods.find(context, client.application).others
    assert method.expires_at == renewed.not_after
    assert mails(server) == ["anna@example.com"]


def test_after_the_end_of_the_one_it_recognised_a_subject_still_recognises_another(
    server: InProcessServer,
) -> None:
    client = with_subject(server, *DNS)
    old = issued(server, 10)
    assert use(server, client, old) == 200
    server.clock.advance(11 * 24 * 3600)

    assert use(server, client, old) == 401
    assert use(server, client, issued(server, 10)) == 200


def test_the_same_certificate_used_again_writes_no_end_again(server: InProcessServer) -> None:
    client, shown = with_subject(server, *DNS), issued(server, 365)
    assert use(server, client, shown) == 200
    environment = server.environment()
    with environment.database.write() as connection:  # a row that was written again would differ
        connection.exec_driver_sql("UPDATE certificate_end SET works_from = works_from + 1")
        query = "SELECT works_from, expires_at FROM certificate_end"
        before = connection.exec_driver_sql(query).all()
    server.clock.advance(60)

    assert use(server, client, shown) == 200

    with environment.database.read() as connection:
        assert connection.exec_driver_sql(query).all() == before


def test_on_the_tables_of_the_version_before_certificates_work_without_reminders(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with open_passive_server(data, **GIVEN) as server:
        _to_the_version_before(server)
    with open_passive_server(data, auto_migrate=False, **GIVEN) as server:
        context = server.environment().context
        client, shown = with_certificate(server, shown=of_days(20, server.clock()))
        named = with_subject(server, *DNS)
        status = use(server, client, shown), use(server, named, issued(server, 20))
        server.clock.advance(6 * 24 * 3600)

        assert status == (200, 200)
        assert remind(context) == 0
        assert find(context, "certificate", None, 30 * DAY) == []
        assert end_of(server, client) == shown.not_after
        assert end_of(server, named) is None


def _to_the_version_before(server: InProcessServer) -> None:
    with server.environment().database.write() as connection:
        for table in ("certificate_notice", "certificate_end"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE gatepass_schema SET revision = '0037'")


@pytest.mark.parametrize(
    ("days", "reminders"),
    [
        (1, []),
        (3, []),
        (7, [0]),
        (47, [0, 1, 7]),
        (90, [0, 1, 7, 15]),
        (365, [0, 1, 7, 15, 30, 60, 90]),
        (398, [0, 1, 7, 15, 30, 60, 90]),
    ],
)
def test_a_certificate_that_programs_renew_is_reminded_of_in_the_last_quarter_of_its_life(
    days: int, reminders: list[int]
) -> None:
    validity = Validity(NOW, NOW + days * DAY, is_renewed=True)

    assert reminders_of(validity) == reminders
    for left in range(days + 1):
        at = validity.expires_at - left * DAY - timedelta(minutes=1)
        assert is_soon(validity, at) == any(left <= each for each in reminders)
        assert (due_reminder(_seen(validity), at) is not None) == is_soon(validity, at)


def _seen(validity: Validity) -> Expiring:
    known = UUID(int=1), UUID(int=2), "id", "Billing", ""
    return Expiring("certificate", *known, {}, validity, None, None)
