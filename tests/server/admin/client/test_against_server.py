"""The client of the Admin API and a real server."""

from collections.abc import Iterator

import pytest

from gatepass.admin import (
    AccessDenied,
    Admin,
    Conflict,
    InvalidArguments,
    NotFound,
    OperationRefused,
    PreconditionFailed,
)
from gatepass.wire.flow import Request
from gatepass.wire.metadata import TOKEN
from server.admin.client.in_process_sender import InProcessSender, connection_of
from server.admin.operator_program import Program, every_scope
from server.fixtures import InProcessServer, open_passive_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    with open_passive_server(tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def program(server: InProcessServer) -> Program:
    return Program(server, *every_scope())


@pytest.fixture
def admin(program: Program) -> Admin:
    return Admin.over(connection_of(program))


def _losing(program: Program, method: str, path: str) -> tuple[Admin, InProcessSender]:
    """Return a client to which one answer is lost: the first to a method at a path."""
    lost: list[Request] = []

    def loses(request: Request) -> bool:
        if request.method == method and request.url.partition("?")[0].endswith(path):
            lost.append(request)
            return len(lost) == 1
        return False

    sender = InProcessSender(program.server, loses)
    return Admin.over(connection_of(program, sender=sender)), sender


def test_an_answer_that_is_lost_after_the_commit_creates_once(program: Program) -> None:
    admin, sender = _losing(program, "POST", "/organizations")
    created = admin.organizations.create(name="Only once", username="only.once")

    sent = [each for each in sender.sent if not each.url.endswith(TOKEN)]
    assert len(sent) == 2
    assert created.initial_password is not None
    assert [each.id for each in admin.organizations.list(search="Only once")] == [
        created.organization.id
    ]


def test_an_answer_that_is_lost_after_a_removal_is_a_removal(program: Program) -> None:
    admin, _ = _losing(program, "DELETE", "/resource")
    resource = admin.resources.add(uri="https://lost.example", name="Lost")
    admin.resources.remove(uri=resource.uri)

    with pytest.raises(NotFound):
        admin.resources.show(uri=resource.uri)


def test_a_list_is_read_over_all_its_pages(admin: Admin) -> None:
    for number in range(5):
        admin.organizations.create(name=f"Paged {number}", username=f"paged{number}")
    found = [each.name for each in admin.organizations.list(search="Paged", limit=2)]

    assert sorted(found) == [f"Paged {number}" for number in range(5)]


def test_a_change_of_what_somebody_has_changed_meanwhile_is_refused(admin: Admin) -> None:
    made = admin.organizations.create(name="Before", username="before").organization
    seen = admin.organizations.show(org_id=made.id)
    changed = admin.organizations.rename(org_id=made.id, name="Between", if_match=seen)

    with pytest.raises(PreconditionFailed):
        admin.organizations.rename(org_id=made.id, name="After", if_match=seen)
    again = admin.organizations.rename(org_id=made.id, name="After", if_match=changed)
    assert again.name == "After"


def test_a_dry_run_says_what_would_stop_and_stops_nothing(admin: Admin) -> None:
    made = admin.organizations.create(name="Dry", username="dry").organization
    would = admin.organizations.suspend(org_id=made.id, dry_run=True)

    assert would.state == "suspended"
    assert would.effect is not None
    assert would.effect.is_reversible
    assert would.effect.counts["people"] == 1
    assert admin.organizations.show(org_id=made.id).state == "active"


def test_a_dry_run_has_no_secret(admin: Admin) -> None:
    would = admin.organizations.create(name="Dry", username="not.yet", dry_run=True)
    assert would.username == "not.yet"
    assert would.initial_password is None


def test_the_same_key_with_another_request_is_refused(admin: Admin) -> None:
    key = "0c8a3c5e-6f4e-4f8e-9d51-2e7b1d3a9f61"
    admin.organizations.create(name="First", username="first.key", idempotency_key=key)
    with pytest.raises(InvalidArguments, match="Idempotency-Key was used for another"):
        admin.organizations.create(name="Second", username="second.key", idempotency_key=key)


def test_what_is_refused_is_named(admin: Admin) -> None:
    made = admin.organizations.create(name="Named", username="named").organization
    with pytest.raises(NotFound):
        admin.applications.show(client_id="gpc_live_nobody")
    with pytest.raises(InvalidArguments) as refused:
        admin.perform("application.create", {"org_id": str(made.id), "name": "A", "colour": "red"})
    assert [each.field for each in refused.value.errors] == ["colour"]
    admin.resources.add(uri="https://twice.example", name="Once")
    with pytest.raises(OperationRefused) as twice:
        admin.resources.add(uri="https://twice.example", name="Twice")
    assert twice.value.detail


def test_two_people_of_one_name_are_a_conflict(admin: Admin) -> None:
    made = admin.organizations.create(name="Conflict", username="conflict").organization
    with pytest.raises((Conflict, InvalidArguments), match="username"):
        admin.people.add(org_id=made.id, username="conflict")


def test_a_program_without_the_scope_is_denied(server: InProcessServer) -> None:
    reader = Program(server, "production:organizations:read")
    admin = Admin.over(connection_of(reader))
    assert isinstance(list(admin.organizations.list()), list)
    with pytest.raises(AccessDenied, match="production:organizations:write"):
        admin.organizations.create(name="No", username="no")


def test_a_token_that_was_revoked_is_replaced(program: Program, server: InProcessServer) -> None:
    connection = connection_of(program)
    admin = Admin.over(connection)
    list(admin.organizations.list(limit=1))
    server.revoke(program.client, connection.tokens.token().value)

    list(admin.organizations.list(limit=1))
    assert connection.tokens.status().rejections == 1


def test_the_sandbox_is_another_environment(admin: Admin) -> None:
    sandbox = admin.in_environment("sandbox")
    made = sandbox.organizations.create(name="Sand", username="sand").organization

    assert [each.id for each in sandbox.organizations.list(search="Sand")] == [made.id]
    assert list(admin.organizations.list(search="Sand")) == []


def test_secrets_are_in_records_and_in_no_representation(admin: Admin) -> None:
    made = admin.organizations.create(name="Secretive", username="secretive").organization
    credentials = admin.applications.create(org_id=made.id, name="Billing")
    endpoint = admin.webhooks.add(org_id=made.id, url="https://acme.example/hooks")
    raw = admin.perform("application.create", {"org_id": str(made.id), "name": "Other"})

    secret = credentials.client_secret
    assert secret is not None
    assert endpoint.secret is not None
    shown = f"{credentials!r} {endpoint!r} {raw!r}"
    for each in (secret.value, endpoint.secret.value, raw.result["client_secret"]):
        assert each not in shown


def test_the_audit_trail_names_the_program(admin: Admin, program: Program) -> None:
    made = admin.organizations.create(name="Audited", username="audited").organization
    entries = list(admin.audit.list(org_id=made.id, limit=1))

    assert entries
    assert all(program.client.client_id in str(each) for each in entries)
