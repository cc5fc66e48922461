"""What can be done to an application, on a real database."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes import store as changes
from gatepass.server.storage.errors import NotFoundError
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer, open_passive_server

HOUR = timedelta(hours=1)


def told(server: InProcessServer, client: Client) -> list[str]:
    """Return the actions of the organization's audit trail, oldest first."""
    with server.environment().database.read() as connection:
        entries = audit.page(connection, client.application.org_id)
    return [entry.action for _, entry in reversed(entries)]


def latest_change(server: InProcessServer) -> int:
    with server.environment().database.read() as connection:
        return changes.latest(connection)


def test_what_was_registered_is_found_again(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    found = applications.find(fresh_server.environment().context, client.application.id, None)

    assert found == client.application
    assert client.secret.matches(found.secrets[0].digest)
    org_id = client.application.org_id
    assert applications.of_organization(fresh_server.environment().context, org_id) == [found]


def test_nobody_registers_for_an_organization_that_is_not_there(
    fresh_server: InProcessServer,
) -> None:
    with pytest.raises(NotFoundError):
        applications.register(
            fresh_server.environment().context,
            fresh_server.environment().catalogue,
            OPERATOR,
            uuid4(),
            name="Billing",
        )


def test_registering_twice_with_one_id_makes_one_application(fresh_server: InProcessServer) -> None:
    org_id, app_id, environment = fresh_server.organization(), uuid4(), fresh_server.environment()
    applications.register(
        environment.context, environment.catalogue, OPERATOR, org_id, name="Billing", app_id=app_id
    )
    with pytest.raises(OAuthError) as caught:
        applications.register(
            environment.context,
            environment.catalogue,
            OPERATOR,
            org_id,
            name="Billing",
            app_id=app_id,
        )

    assert caught.value.status == 409
    assert len(applications.of_organization(environment.context, org_id)) == 1


def test_rotating_twice_with_one_id_makes_one_secret(fresh_server: InProcessServer) -> None:
    client, secret_id, environment = fresh_server.register(), uuid4(), fresh_server.environment()
    app_id = client.application.id
    secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, None, secret_id=secret_id)
    with pytest.raises(OAuthError) as caught:
        secret_operations.rotate(
            environment.context, OPERATOR, app_id, HOUR, None, secret_id=secret_id
        )

    assert caught.value.status == 409
    assert len(applications.find(environment.context, app_id, None).secrets) == 2


def test_a_third_secret_needs_the_end_of_one_of_the_two(fresh_server: InProcessServer) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    app_id = client.application.id
    secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    with pytest.raises(OAuthError, match="Two secrets are live"):
        secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    first = client.application.secrets[0].id
    secret_operations.revoke(environment.context, OPERATOR, app_id, first, None)
    secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, None)

    assert len(applications.find(environment.context, app_id, None).secrets) == 2


def test_the_last_live_secret_cannot_be_ended(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    app_id, secret_id = client.application.id, client.application.secrets[0].id
    with pytest.raises(OAuthError, match="only live secret"):
        secret_operations.revoke(
            fresh_server.environment().context, OPERATOR, app_id, secret_id, None
        )
    with pytest.raises(NotFoundError):
        secret_operations.revoke(
            fresh_server.environment().context, OPERATOR, app_id, uuid4(), None
        )


def test_every_change_is_told_in_the_audit_trail_and_to_the_other_processes(
    fresh_server: InProcessServer,
) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    app_id, before = client.application.id, latest_change(fresh_server)
    applications.change(environment.context, OPERATOR, app_id, None, name="New")
    applications.change(environment.context, OPERATOR, app_id, None, token_lifetime=600)
    secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    secret_id = client.application.secrets[0].id
    secret_operations.revoke(environment.context, OPERATOR, app_id, secret_id, None)
    applications.revoke_tokens(environment.context, OPERATOR, app_id, None)
    for enabled in (False, False, True):
        applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=enabled, org_id=None
        )
    applications.delete(environment.context, OPERATOR, app_id, None)

    assert told(fresh_server, client)[-9:] == [
        "application.registered",
        "application.renamed",
        "application.lifetime",
        "application.rotated",
        "secret.ended",
        "application.tokens_voided",
        "application.disabled",
        "application.enabled",
        "application.deleted",
    ]
    assert latest_change(fresh_server) - before == 9  # a deletion is told to guards as well


@pytest.mark.spec("ASVS", "16.2.5")
def test_the_audit_trail_has_no_secret_in_it(fresh_server: InProcessServer) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    new = secret_operations.rotate(environment.context, OPERATOR, client.application.id, HOUR, None)
    with environment.database.read() as connection:
        entries = str(audit.page(connection, client.application.org_id))

    assert client.secret.value not in entries
    assert new.secret.value not in entries


def test_another_organizations_application_is_not_there(fresh_server: InProcessServer) -> None:
    app_id, stranger = fresh_server.register().application.id, fresh_server.organization()
    environment = fresh_server.environment()
    attempts: list[Callable[[], object]] = [
        lambda: applications.find(environment.context, app_id, stranger),
        lambda: applications.change(environment.context, OPERATOR, app_id, stranger, name="Mine"),
        lambda: secret_operations.rotate(environment.context, OPERATOR, app_id, HOUR, stranger),
        lambda: applications.revoke_tokens(environment.context, OPERATOR, app_id, stranger),
        lambda: applications.delete(environment.context, OPERATOR, app_id, stranger),
        lambda: applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=False, org_id=stranger
        ),
    ]

    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    assert applications.find(environment.context, app_id, None).state == "active"


def test_what_is_refused_changes_nothing_and_is_told_to_nobody(
    fresh_server: InProcessServer,
) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    app_id, before = client.application.id, latest_change(fresh_server)
    with pytest.raises(OAuthError):
        applications.change(environment.context, OPERATOR, app_id, None, name="")
    with pytest.raises(OAuthError):
        applications.change(environment.context, OPERATOR, app_id, None, token_lifetime=1)
    with pytest.raises(OAuthError):
        secret_operations.rotate(environment.context, OPERATOR, app_id, timedelta(hours=2), None)

    assert latest_change(fresh_server) == before
    assert applications.find(environment.context, app_id, None) == client.application


@pytest.mark.parametrize("what", ["application", "organization"])
def test_a_token_that_a_process_issued_before_it_learned_of_the_stop_stays_revoked(
    fresh_server: InProcessServer, what: str
) -> None:
    client = fresh_server.register()
    with open_passive_server(fresh_server.data, fresh_server.clock) as late:
        late.token(client)  # so that it remembers the application
        _stop(fresh_server, client, what, stopped=True)
        fresh_server.clock.advance(0.2)
        token = late.token(client)
        fresh_server.clock.advance(0.2)
        _stop(fresh_server, client, what, stopped=False)
        late.environment().catch_up()

        for each in (fresh_server, late):
            assert not each.is_active(client, token)
            assert each.is_active(client, each.token(client))


@pytest.mark.parametrize("what", ["application", "organization"])
def test_a_clock_that_is_set_back_makes_no_token_active_again(
    fresh_server: InProcessServer, what: str
) -> None:
    client = fresh_server.register()
    fresh_server.clock.advance(3600)
    token = fresh_server.token(client)
    _stop(fresh_server, client, what, stopped=True)
    fresh_server.clock.now -= 1800
    _stop(fresh_server, client, what, stopped=False)
    fresh_server.clock.advance(1801)

    assert not fresh_server.is_active(client, token)
    assert fresh_server.is_active(client, fresh_server.token(client))


def _stop(server: InProcessServer, client: Client, what: str, *, stopped: bool) -> None:
    environment, application = server.environment(), client.application
    if what == "organization":
        organization_lifecycle.set_suspended(
            environment.context, OPERATOR, application.org_id, suspended=stopped
        )
    else:
        applications.set_enabled(
            environment.context, OPERATOR, application.id, enabled=not stopped, org_id=None
        )
