"""Administrators are reminded once of each step before an application's last secret expires."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations
from gatepass.server.domain.applications.keys.methods.expiry.operations import remind
from gatepass.server.domain.applications.operations import Registered
from gatepass.server.domain.applications.secrets import end as secret_end
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.context import Context
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from server.fixtures import InProcessServer, open_passive_server

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
DAY = timedelta(days=1)


class Office:
    """An organization with two administrators and a member of the staff."""

    def __init__(self, server: InProcessServer) -> None:
        self.server = server
        self.environment = server.environment()
        self.org_id: UUID = server.organization()
        for username, role in (("anna", "admin"), ("ben", "admin"), ("sven", "staff")):
            initial_passwords.add_with_access(
                self.context,
                OPERATOR,
                self.org_id,
                username=username,
                email=f"{username}@example.com",
                role=role,
                initial=run(initial_passwords.new_password(self.environment.hasher)),
            )

    @property
    def context(self) -> Context:
        return self.environment.context

    def register(self, name: str, days: int) -> Registered:
        """Register an application whose secret works until the end of the day in so many days."""
        last_day = self.context.now() + days * DAY
        return operations.register(
            self.context,
            self.environment.catalogue,
            OPERATOR,
            self.org_id,
            name=name,
            secret_end=secret_end.chosen_end("date", f"{last_day:%Y-%m-%d}", self.context.now()),
        )

    def mails(self) -> list[str]:
        """Return to whom reminders were written, the oldest first."""
        found = self.context.outbox.messages("mail")[::-1]
        return [each.address for each in found if each.kind == "secrets_expiring"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_passive_server(tmp_path / "data", mail=MAIL) as server:
        yield Office(server)


def test_each_administrator_gets_one_mail_for_all_applications_of_a_day(office: Office) -> None:
    office.register("Billing", 90)
    office.register("Orders", 90)
    office.server.clock.advance(60 * 24 * 3600)

    assert remind(office.context) == 2
    assert sorted(office.mails()) == ["anna@example.com", "ben@example.com"]


def test_a_reminder_is_given_once_and_the_next_one_on_its_day(office: Office) -> None:
    office.register("Billing", 90)
    given = []
    for _ in range(92):
        given.append(remind(office.context))
        given.append(remind(office.context))
        office.server.clock.advance(24 * 3600)

    assert [day // 2 for day, number in enumerate(given) if number] == [30, 60, 75, 83, 89, 90]
    assert set(given) == {0, 1}


def test_there_is_no_reminder_of_what_was_replaced_disabled_or_suspended(office: Office) -> None:
    replaced = office.register("Billing", 90).application
    disabled = office.register("Orders", 90).application
    context = office.context
    office.server.clock.advance(60 * 24 * 3600)
    secret_operations.rotate(context, OPERATOR, replaced.id, 7 * DAY, None)
    operations.set_enabled(context, OPERATOR, disabled.id, enabled=False, org_id=None)

    assert remind(context) == 0
    operations.set_enabled(context, OPERATOR, disabled.id, enabled=True, org_id=None)
    organization_lifecycle.set_suspended(context, OPERATOR, office.org_id, suspended=True)
    assert remind(context) == 0
    organization_lifecycle.set_suspended(context, OPERATOR, office.org_id, suspended=False)
    assert remind(context) == 1


def test_after_the_end_was_moved_the_reminders_begin_again(office: Office) -> None:
    made = office.register("Billing", 40)
    secret_id, app_id = made.application.secrets[0].id, made.application.id
    office.server.clock.advance(39 * 24 * 3600)
    first = remind(office.context)
    end = office.context.now() + 20 * DAY
    secret_operations.set_end(office.context, OPERATOR, app_id, secret_id, end, None)

    assert (first, remind(office.context), remind(office.context)) == (1, 1, 0)


def test_without_mail_the_log_says_it_and_nothing_is_written_to_the_outbox(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as server:
        office = Office(server)
        office.register("Billing", 90)
        server.clock.advance(60 * 24 * 3600)

        assert remind(office.context) == 1
        assert office.mails() == []
