"""Administrators are reminded once of each step before an application's last key expires."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.keys import operations
from gatepass.server.domain.applications.keys.methods.expiry.operations import find, remind
from gatepass.server.domain.applications.keys.model import ApplicationKey
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.passwords.hashing import run
from server.fixtures import Client, InProcessServer, open_passive_server

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
DAY = timedelta(days=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path / "data", mail=MAIL) as server:
        yield server


@pytest.fixture
def client(server: InProcessServer) -> Client:
    """An application whose organization has an administrator."""
    client, environment = server.register(), server.environment()
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


def add(server: InProcessServer, client: Client, days: int | None) -> ApplicationKey:
    context = server.environment().context
    end = None if days is None else context.now() + days * DAY + timedelta(hours=1)
    return operations.generate(
        context, OPERATOR, client.application.id, None, name="Key", alg="ES256", expires_at=end
    ).key


def mails(server: InProcessServer) -> list[str]:
    found = server.environment().context.outbox.messages("mail")
    return [each.address for each in found if each.kind == "keys_expiring"]


def test_a_reminder_is_given_once_and_the_next_one_on_its_day(
    server: InProcessServer, client: Client
) -> None:
    context, given = server.environment().context, []
    add(server, client, 90)
    for _ in range(92):
        given.append(remind(context))
        given.append(remind(context))
        server.clock.advance(24 * 3600)

    days = [day // 2 for day, number in enumerate(given) if number]
    with context.database.read() as connection:
        query = "SELECT count(*) FROM webhook_event WHERE name = 'client_key.expiring'"
        events = connection.exec_driver_sql(query).scalar_one()
    assert days == [30, 60, 75, 83, 89, 90]
    assert mails(server) == ["anna@example.com"] * 6
    assert events == 0  # no endpoint wants one


def test_a_key_that_a_newer_one_replaces_is_not_reminded_of(
    server: InProcessServer, client: Client
) -> None:
    context = server.environment().context
    old = add(server, client, 20)
    server.clock.advance(14 * 24 * 3600)
    assert [each.credential_id for each in find(context, "key", None, 30 * DAY)] == [old.id]
    add(server, client, None)

    assert find(context, "key", None, 30 * DAY) == []
    assert remind(context) == 0


def test_a_later_end_begins_the_reminders_again(server: InProcessServer, client: Client) -> None:
    context = server.environment().context
    key = add(server, client, 20)
    server.clock.advance(14 * 24 * 3600)
    assert remind(context) == 1
    operations.change(
        context,
        OPERATOR,
        client.application.id,
        key.id,
        None,
        name="Key",
        expires_at=context.now() + 40 * DAY,
    )
    assert remind(context) == 0
    server.clock.advance(11 * 24 * 3600)

    assert remind(context) == 1


def test_nobody_is_reminded_of_keys_of_a_disabled_application(
    server: InProcessServer, client: Client
) -> None:
    context = server.environment().context
    add(server, client, 20)
    server.clock.advance(14 * 24 * 3600)
    applications.set_enabled(context, OPERATOR, client.application.id, enabled=False, org_id=None)

    assert remind(context) == 0
