"""What can be done to an application, on a real database."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.domain.changes import store as changes
from gatepass.server.domain.organizations import operations as organizations
from gatepass.server.storage.database import NotFoundError
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer, standing_still

HOUR = timedelta(hours=1)


def told(stand: InProcessServer, client: Client) -> list[str]:
    """Give the actions of the organization's audit trail, oldest first."""
    with stand.environment().database.read() as connection:
        entries = audit.page(connection, client.application.org_id)
    return [entry.action for _, entry in reversed(entries)]


def latest_change(stand: InProcessServer) -> int:
    with stand.environment().database.read() as connection:
        return changes.latest(connection)


def test_what_was_registered_is_found_again(fresh: InProcessServer) -> None:
    client = fresh.register()
    found = applications.find(fresh.environment().context, client.application.id, None)

    assert found == client.application
    assert client.secret.matches(found.secrets[0].digest)
    org_id = client.application.org_id
    assert applications.of_organization(fresh.environment().context, org_id) == [found]


def test_nobody_registers_for_an_organization_that_is_not_there(fresh: InProcessServer) -> None:
    with pytest.raises(NotFoundError):
        applications.register(
            fresh.environment().context,
            fresh.environment().catalogue,
            OPERATOR,
            uuid4(),
            name="Billing",
        )


def test_registering_twice_with_one_id_makes_one_application(fresh: InProcessServer) -> None:
    org_id, app_id, environment = fresh.organization(), uuid4(), fresh.environment()
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


def test_rotating_twice_with_one_id_makes_one_secret(fresh: InProcessServer) -> None:
    client, secret_id, environment = fresh.register(), uuid4(), fresh.environment()
    app_id = client.application.id
    applications.rotate(environment.context, OPERATOR, app_id, HOUR, None, secret_id=secret_id)
    with pytest.raises(OAuthError) as caught:
        applications.rotate(environment.context, OPERATOR, app_id, HOUR, None, secret_id=secret_id)

    assert caught.value.status == 409
    assert len(applications.find(environment.context, app_id, None).secrets) == 2


def test_a_third_secret_needs_the_end_of_one_of_the_two(fresh: InProcessServer) -> None:
    client, environment = fresh.register(), fresh.environment()
    app_id = client.application.id
    applications.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    with pytest.raises(OAuthError, match="Two secrets are live"):
        applications.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    first = client.application.secrets[0].id
    applications.end_secret(environment.context, OPERATOR, app_id, first, None)
    applications.rotate(environment.context, OPERATOR, app_id, HOUR, None)

    assert len(applications.find(environment.context, app_id, None).secrets) == 2


def test_the_last_live_secret_cannot_be_ended(fresh: InProcessServer) -> None:
    client = fresh.register()
    app_id, secret_id = client.application.id, client.application.secrets[0].id
    with pytest.raises(OAuthError, match="only live secret"):
        applications.end_secret(fresh.environment().context, OPERATOR, app_id, secret_id, None)
    with pytest.raises(NotFoundError):
        applications.end_secret(fresh.environment().context, OPERATOR, app_id, uuid4(), None)


def test_every_change_is_told_in_the_audit_trail_and_to_the_other_processes(
    fresh: InProcessServer,
) -> None:
    client, environment = fresh.register(), fresh.environment()
    app_id, before = client.application.id, latest_change(fresh)
    applications.change(environment.context, OPERATOR, app_id, None, name="New")
    applications.change(environment.context, OPERATOR, app_id, None, token_lifetime=600)
    applications.rotate(environment.context, OPERATOR, app_id, HOUR, None)
    secret_id = client.application.secrets[0].id
    applications.end_secret(environment.context, OPERATOR, app_id, secret_id, None)
    applications.void_tokens(environment.context, OPERATOR, app_id, None)
    for enabled in (False, False, True):
        applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=enabled, org_id=None
        )
    applications.delete(environment.context, OPERATOR, app_id, None)

    assert told(fresh, client)[-9:] == [
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
    assert latest_change(fresh) - before == 9  # a deletion is told to guards as well


@pytest.mark.spec("ASVS", "16.2.5")
def test_the_audit_trail_has_no_secret_in_it(fresh: InProcessServer) -> None:
    client, environment = fresh.register(), fresh.environment()
    new = applications.rotate(environment.context, OPERATOR, client.application.id, HOUR, None)
    with environment.database.read() as connection:
        entries = str(audit.page(connection, client.application.org_id))

    assert client.secret.value not in entries
    assert new.secret.value not in entries


def test_another_organizations_application_is_not_there(fresh: InProcessServer) -> None:
    app_id, stranger = fresh.register().application.id, fresh.organization()
    environment = fresh.environment()
    attempts: list[Callable[[], object]] = [
        lambda: applications.find(environment.context, app_id, stranger),
        lambda: applications.change(environment.context, OPERATOR, app_id, stranger, name="Mine"),
        lambda: applications.rotate(environment.context, OPERATOR, app_id, HOUR, stranger),
        lambda: applications.void_tokens(environment.context, OPERATOR, app_id, stranger),
        lambda: applications.delete(environment.context, OPERATOR, app_id, stranger),
        lambda: applications.set_enabled(
            environment.context, OPERATOR, app_id, enabled=False, org_id=stranger
        ),
    ]

    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    assert applications.find(environment.context, app_id, None).state == "active"


def test_what_is_refused_changes_nothing_and_is_told_to_nobody(fresh: InProcessServer) -> None:
    client, environment = fresh.register(), fresh.environment()
    app_id, before = client.application.id, latest_change(fresh)
    with pytest.raises(OAuthError):
        applications.change(environment.context, OPERATOR, app_id, None, name="")
    with pytest.raises(OAuthError):
        applications.change(environment.context, OPERATOR, app_id, None, token_lifetime=1)
    with pytest.raises(OAuthError):
        applications.rotate(environment.context, OPERATOR, app_id, timedelta(hours=2), None)

    assert latest_change(fresh) == before
    assert applications.find(environment.context, app_id, None) == client.application


@pytest.mark.parametrize("what", ["application", "organization"])
def test_a_token_that_a_process_issued_before_it_learned_of_the_stop_stays_revoked(
    fresh: InProcessServer, what: str
) -> None:
    client = fresh.register()
    with standing_still(fresh.data, fresh.clock) as late:
        late.token(client)  # so that it remembers the application
        _stop(fresh, client, what, stopped=True)
        fresh.clock.advance(0.2)
        token = late.token(client)
        fresh.clock.advance(0.2)
        _stop(fresh, client, what, stopped=False)
        late.environment().catch_up()

        for each in (fresh, late):
            assert not each.is_active(client, token)
            assert each.is_active(client, each.token(client))


@pytest.mark.parametrize("what", ["application", "organization"])
def test_a_clock_that_is_set_back_makes_no_token_active_again(
    fresh: InProcessServer, what: str
) -> None:
    client = fresh.register()
    fresh.clock.advance(3600)
    token = fresh.token(client)
    _stop(fresh, client, what, stopped=True)
    fresh.clock.advance(-1800)
    _stop(fresh, client, what, stopped=False)
    fresh.clock.advance(1801)

    assert not fresh.is_active(client, token)
    assert fresh.is_active(client, fresh.token(client))


def _stop(stand: InProcessServer, client: Client, what: str, *, stopped: bool) -> None:
    environment, application = stand.environment(), client.application
    if what == "organization":
        organizations.set_suspended(
            environment.context, OPERATOR, application.org_id, suspended=stopped
        )
    else:
        applications.set_enabled(
            environment.context, OPERATOR, application.id, enabled=not stopped, org_id=None
        )
