"""A policy is changed: recorded, told to the administrators, and in force at once."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR, Actor
from gatepass.server.domain.organizations.policies.fields import Value
from gatepass.server.domain.organizations.policies.model import StatedPolicy
from gatepass.server.domain.users import initial_passwords
from gatepass.server.domain.users.model import InvalidField, User
from gatepass.server.domain.users.passwords.hashing import run
from gatepass.server.domain.users.sessions import operations as sessions
from gatepass.server.domain.users.sessions import policies
from gatepass.server.domain.users.sessions.opening import open_session
from gatepass.server.domain.users.sessions.operations import Visitor
from gatepass.server.environment import maintenance
from gatepass.server.oauth.served_environment import ServedEnvironment
from gatepass.server.storage.errors import NotFoundError
from gatepass.testing import Clock
from gatepass.wire.errors import OAuthError
from gatepass.wire.secret import Secret
from server.fixtures import InProcessServer, open_passive_server

MAIL = {"host": "127.0.0.1", "port": 9, "sender": "partners@acme.example"}
ANNA = Actor("anna", "192.0.2.9", kind="person")
VISITOR = Visitor("192.0.2.7", "Firefox", None)


class Office:
    """An organization, its policies, and people who log in."""

    def __init__(self, server: InProcessServer) -> None:
        self.environment: ServedEnvironment = server.environment()
        self.clock: Clock = server.clock
        self.context = self.environment.context
        self.org_id: UUID = server.organization()

    def set(self, org_id: UUID | None, **values: Value) -> StatedPolicy:
        return self.set_seen(None, org_id, **values)

    def set_seen(
        self, seen: StatedPolicy | None, org_id: UUID | None, **values: Value
    ) -> StatedPolicy:
        by = ANNA if org_id else OPERATOR
        settings = self.environment.session_settings
        return policies.change(self.context, settings, by, org_id, values, seen)

    def add(self, username: str, role: str = "user") -> User:
        initial = run(initial_passwords.new_password(self.environment.hasher))
        added, _ = initial_passwords.add_with_access(
            self.context,
            OPERATOR,
            self.org_id,
            username=username,
            email=f"{username}@example.com",
            role=role,
            initial=initial,
        )
        return added

    def log_in(self, user: User) -> Secret:
        with self.context.database.write() as connection:
            now = self.context.now()
            return open_session(
                self.context, connection, VISITOR, user, ["password"], now
            ).session_id

    def is_logged_in(self, session_id: Secret) -> bool:
        settings = self.environment.session_settings
        return sessions.find(self.context, settings, session_id) is not None

    def sessions_in_the_table(self) -> int:
        with self.context.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM session").scalar_one())


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_passive_server(tmp_path / "data", mail=MAIL) as server:
        yield Office(server)


def test_a_change_is_recorded_with_the_values_before_and_after(office: Office) -> None:
    office.set(office.org_id, session_idle=900, second_factor="required")
    office.set(office.org_id, session_idle=600)

    with office.context.database.read() as connection:
        entries = [entry for _, entry in audit.page(connection, office.org_id)]
    [newest, first] = [entry for entry in entries if entry.action == "policy.changed"]
    assert newest.detail == {"before": "Idle limit: 15m", "after": "Idle limit: 10m"}
    assert first.detail == {
        "before": "Second factor: not set; Idle limit: not set",
        "after": "Second factor: Required; Idle limit: 15m",
    }
    assert (newest.actor, newest.source) == ("anna", "192.0.2.9")


def test_every_administrator_of_the_organization_gets_mail_and_nobody_else(office: Office) -> None:
    for username, role in (("anna", "admin"), ("ben", "admin"), ("sven", "staff")):
        office.add(username, role)

    office.set(office.org_id, session_idle=900)

    told = [
        each for each in office.context.outbox.messages("mail") if each.kind == "policy_changed"
    ]
    assert sorted(each.address for each in told) == ["anna@example.com", "ben@example.com"]


def test_a_change_that_changes_nothing_is_neither_recorded_nor_mailed(office: Office) -> None:
    office.add("anna", "admin")
    office.set(office.org_id, session_idle=900)
    before = len(office.context.outbox.messages("mail"))

    office.set(office.org_id, session_idle=900)

    with office.context.database.read() as connection:
        entries = [entry.action for _, entry in audit.page(connection, office.org_id)]
    assert entries.count("policy.changed") == 1
    assert len(office.context.outbox.messages("mail")) == before


@pytest.mark.parametrize(
    ("operators", "value"),
    [
        ({"second_factor": "required"}, {"second_factor": "optional"}),
        ({"session_idle": 600}, {"session_idle": 601}),
        ({"registration": "administrators"}, {"registration": "staff"}),
        ({"single_sign_on": "required"}, {"single_sign_on": "allowed"}),
    ],
)
def test_an_organization_cannot_be_looser_than_the_operator(
    office: Office, operators: dict[str, Value], value: dict[str, Value]
) -> None:
    office.set(None, **operators)

    with pytest.raises(InvalidField) as refused:
        office.set(office.org_id, **value)

    assert refused.value.field in value
    assert "The operator demands" in refused.value.description
    assert policies.stated(office.context, office.org_id) == StatedPolicy()


def test_nobody_can_be_looser_than_the_settings(office: Office) -> None:
    longest = office.environment.session_settings.absolute

    with pytest.raises(InvalidField, match="settings"):
        office.set(None, session_absolute=longest + 1)
    with pytest.raises(InvalidField, match="operator"):
        office.set(office.org_id, session_absolute=longest + 1)


def test_a_value_that_the_operator_has_overtaken_stays_and_the_operators_is_in_force(
    office: Office,
) -> None:
    office.set(office.org_id, session_idle=900)
    office.set(None, session_idle=300)

    office.set(office.org_id, session_idle=900, registration="staff")

    settings = office.environment.session_settings
    found = policies.overview(office.context, settings, office.org_id)
    assert found.organization == StatedPolicy(session_idle=900, registration="staff")
    assert (found.in_force.session_idle, found.in_force.registration) == (300, "staff")


def test_of_two_administrators_who_change_at_once_the_second_is_told_to_look_again(
    office: Office,
) -> None:
    seen = policies.stated(office.context, office.org_id)
    office.set_seen(seen, office.org_id, second_factor="required")

    with pytest.raises(InvalidField, match="changed the policies meanwhile") as refused:
        office.set_seen(seen, office.org_id, second_factor="optional")

    assert refused.value.status == 409
    assert policies.stated(office.context, office.org_id).second_factor == "required"


def test_an_organization_that_is_not_there_has_no_policy(office: Office) -> None:
    with pytest.raises(NotFoundError):
        office.set(uuid4(), session_idle=900)
    with pytest.raises(NotFoundError):
        policies.overview(office.context, office.environment.session_settings, uuid4())


@pytest.mark.spec("ASVS", "7.3.1")
@pytest.mark.parametrize("by_operator", [True, False])
def test_a_shorter_idle_limit_is_in_force_at_once(office: Office, *, by_operator: bool) -> None:
    session = office.log_in(office.add("ulla"))
    office.clock.advance(300)
    assert office.is_logged_in(session)
    office.clock.advance(300)

    office.set(None if by_operator else office.org_id, session_idle=300)

    assert not office.is_logged_in(session)


@pytest.mark.spec("ASVS", "7.3.2")
def test_a_session_ends_by_the_limit_of_its_organization_however_busy_it_was(
    office: Office,
) -> None:
    office.set(office.org_id, session_absolute=600)
    session = office.log_in(office.add("ulla"))
    for _ in range(5):
        office.clock.advance(119)
        assert office.is_logged_in(session)

    office.clock.advance(5)

    assert not office.is_logged_in(session)


def test_the_limits_of_an_organization_are_not_those_of_another(office: Office) -> None:
    session = office.log_in(office.add("ulla"))
    other = organization_lifecycle.create(
        office.context, office.environment.hasher, OPERATOR, "Bolt", "bo"
    )

    office.set(other.organization.id, session_idle=300)
    office.clock.advance(301)

    assert office.is_logged_in(session)


def test_a_longer_limit_brings_no_session_back_to_life(office: Office) -> None:
    office.set(office.org_id, session_idle=300)
    session = office.log_in(office.add("ulla"))
    office.clock.advance(400)
    assert not office.is_logged_in(session)

    office.set(office.org_id, session_idle=1200)

    assert not office.is_logged_in(session)


def test_sessions_that_a_policy_has_ended_are_deleted_in_time(office: Office) -> None:
    office.set(office.org_id, session_idle=300)
    office.log_in(office.add("ulla"))
    office.clock.advance(301)

    maintenance.prune(office.environment)

    assert office.sessions_in_the_table() == 0


def test_on_the_tables_of_the_version_before_policies_are_the_defaults_and_cannot_be_set(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.context.database.write() as connection:
        for table in ("policy", "proof", "login"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE gatepass_schema SET revision = '0013'")
    monkeypatch.setattr(office.context.database, "_revision", "")  # as after a start
    settings = office.environment.session_settings

    found = policies.overview(office.context, settings, office.org_id)

    assert found.organization == StatedPolicy()
    assert found.in_force.session_idle == settings.idle
    with pytest.raises(OAuthError) as refused:
        office.set(office.org_id, session_idle=900)
    assert refused.value.status == 503
    assert "gatepass migrate" in refused.value.description
