"""Who gets a mail about what: the person, whoever did it, and the other administrators."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.domain.users import initial_passwords, operations, portal_users
from gatepass.server.domain.users.model import User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.sessions.login import log_in
from gatepass.server.domain.users.sessions.opening import LoggedIn
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.server.environment.environment import Environment
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer, open_passive_server

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
OTHER = Actor("Ben", "192.0.2.9", kind="person")


class Office:
    """An organization with people in it."""

    def __init__(self, server: InProcessServer) -> None:
        self.environment: Environment = server.environment()
        self.context = self.environment.context
        self.org_id: UUID = server.organization()
        self._seen = 0

    def add(self, username: str, role: str = "user") -> tuple[User, Secret]:
        initial = run(initial_passwords.new_password(self.environment.hasher))
        return initial_passwords.add_with_access(
            self.context,
            OPERATOR,
            self.org_id,
            username=username,
            email=f"{username}@example.com",
            role=role,
            initial=initial,
        )

    def new_mail(self) -> list[tuple[str, str]]:
        """Return to whom mail was written since the last time, and of which kind."""
        found = self.context.outbox.messages("mail")[::-1]
        new = found[self._seen :]
        self._seen = len(found)
        return sorted((each.address.partition("@")[0], each.kind) for each in new)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_passive_server(tmp_path / "data", mail=MAIL) as server:
        yield Office(server)


def test_other_administrators_hear_of_a_new_one(office: Office) -> None:
    office.add("anna", "admin")
    office.add("ben", "admin")
    ben_again, _ = office.add("carl", "user")
    office.new_mail()

    operations.set_role(office.context, OTHER, office.org_id, ben_again.id, "admin")

    assert office.new_mail() == [
        ("anna", "new_administrator"),
        ("ben", "new_administrator"),
        ("carl", "role_changed"),
    ]


def test_other_administrators_hear_of_one_who_gets_access_to_the_portal(office: Office) -> None:
    office.add("anna", "admin")
    now = office.context.now()
    known = User(uuid4(), office.org_id, "admin", now, now, email="mia@example.com")
    operations.add(office.context, OTHER, known)
    assert office.new_mail() == []
    initial = run(initial_passwords.new_password(office.environment.hasher))

    initial_passwords.give_access(
        office.context, OTHER, office.org_id, known.id, "mia", initial=initial
    )

    assert office.new_mail() == [("anna", "new_administrator"), ("mia", "password_reset")]


def test_an_application_with_the_name_of_an_administrator_keeps_no_mail_from_them(
    office: Office,
) -> None:
    office.add("anna", "admin")
    carl, _ = office.add("carl", "user")
    office.new_mail()
    by = Actor("anna", "192.0.2.9", kind="application")

    operations.set_role(office.context, by, office.org_id, carl.id, "admin")

    assert office.new_mail() == [("anna", "new_administrator"), ("carl", "role_changed")]


def test_a_changed_password_is_told_to_its_owner_who_changed_it(office: Office) -> None:
    anna, password = office.add("anna")
    new = Secret("a quiet harbour in november")
    office.new_mail()

    run(
        operations.change_password(
            office.context, office.environment.hasher, Actor("anna"), anna, password, new
        )
    )

    assert office.new_mail() == [("anna", "password_changed")]


def test_a_new_initial_password_is_told_but_never_the_password(office: Office) -> None:
    anna, _ = office.add("anna")
    office.new_mail()
    initial = run(initial_passwords.new_password(office.environment.hasher))

    initial_passwords.give_access(
        office.context, OTHER, office.org_id, anna.id, None, initial=initial
    )
    message: Any = office.context.outbox.claim(
        "mail", ["password_reset"], office.environment.now(), 9
    )[0]

    assert initial.password.value not in str(dict(message.values))


def test_a_confirmed_address_is_told_to_the_old_and_to_the_new_one(office: Office) -> None:
    anna, _ = office.add("anna")
    by = Actor("anna")
    new = {"email": "anna.new@example.com"}
    operations.change(office.context, by, office.org_id, anna.id, new)
    [(_, kind)] = office.new_mail()
    assert kind == "confirm_email"
    [message] = office.context.outbox.claim("mail", [kind], office.environment.now(), 9)
    token = Secret(message.values["token"])

    portal_users.confirm_by_link(office.context, by, office.org_id, anna.id, token)

    assert office.new_mail() == [("anna", "email_confirmed"), ("anna.new", "email_confirmed")]


def test_an_address_that_another_one_wants_to_change_is_told_to_the_present_one(
    office: Office,
) -> None:
    anna, _ = office.add("anna")
    new = {"email": "mallory@example.com"}

    operations.change(office.context, OTHER, office.org_id, anna.id, new)

    assert office.new_mail() == [("anna", "email_requested"), ("mallory", "confirm_email")]


def test_a_log_in_with_a_new_browser_is_told_except_the_very_first(office: Office) -> None:
    _, password = office.add("anna")
    hasher = office.environment.hasher

    def log_in_with(device: Secret | None) -> Secret:
        visitor = Visitor("192.0.2.7", "Firefox", device)
        opened = run(log_in(office.context, hasher, visitor, "anna", password))
        assert isinstance(opened, LoggedIn)
        return opened.device_id

    known = log_in_with(None)
    assert office.new_mail() == []
    log_in_with(known)
    assert office.new_mail() == []
    log_in_with(None)
    assert office.new_mail() == [("anna", "new_browser")]


def test_without_mail_nothing_is_written(tmp_path: Path) -> None:
    with open_passive_server(tmp_path / "data") as server:
        office = Office(server)
        office.add("anna", "admin")
        office.add("ben", "admin")

        assert office.context.outbox.messages("mail") == []
