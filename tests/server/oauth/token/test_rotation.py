"""The token endpoint while secrets and applications change; the clock is the test's own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gatepass.server.domain import organization_lifecycle
from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.secrets import operations as secret_operations
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import OPERATOR
from gatepass.server.environment import maintenance
from gatepass.wire.secret import Secret
from server.fixtures import Client, InProcessServer, refused

HOUR = timedelta(hours=1)


def rotate(server: InProcessServer, client: Client, overlap: timedelta | None = HOUR) -> Client:
    app_id = client.application.id
    new = secret_operations.rotate(server.environment().context, OPERATOR, app_id, overlap, None)
    return client.having(new.secret)


def works(server: InProcessServer, client: Client) -> bool:
    answer = server.ask(client)
    assert answer.status_code == 200 or refused(answer) == (401, "invalid_client")
    return answer.status_code == 200


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_both_secrets_work_in_the_overlap_and_the_old_one_not_a_moment_longer(
    fresh_server: InProcessServer,
) -> None:
    old = fresh_server.register()
    assert works(fresh_server, old)
    new = rotate(fresh_server, old)

    assert works(fresh_server, old)
    assert works(fresh_server, new)
    fresh_server.clock.advance(3599.5)
    assert works(fresh_server, old)
    fresh_server.clock.advance(0.5)
    assert not works(fresh_server, old)
    assert works(fresh_server, new)


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_the_old_secret_can_live_until_the_new_one_is_first_used(
    fresh_server: InProcessServer,
) -> None:
    old, environment = fresh_server.register(), fresh_server.environment()
    new = rotate(fresh_server, old, None)
    fresh_server.clock.advance(30 * 24 * 3600)
    assert works(fresh_server, old)
    maintenance.flush(environment)
    assert works(fresh_server, old)

    assert works(fresh_server, new)
    maintenance.flush(environment)
    environment.catch_up()
    assert not works(fresh_server, old)
    assert works(fresh_server, new)
    with environment.database.read() as connection:
        entries = [entry for _, entry in audit.page(connection, old.application.org_id)]
    (ended,) = [each for each in entries if each.action == "secret.ended"]
    assert ended.detail == {
        "client_id": old.application.client_id,
        "secret": old.secret.value[-4:],
    }
    assert ended.source == "192.0.2.7"


def test_a_new_secret_that_was_used_ends_the_old_one_once(fresh_server: InProcessServer) -> None:
    old, environment = fresh_server.register(), fresh_server.environment()
    new = rotate(fresh_server, old, None)
    for _ in range(3):
        assert works(fresh_server, new)
        maintenance.flush(environment)
        environment.catch_up()

    with environment.database.read() as connection:
        entries = [entry for _, entry in audit.page(connection, old.application.org_id)]
    assert len([each for each in entries if each.action == "secret.ended"]) == 1


def test_if_the_new_secret_is_ended_unused_the_old_one_lives_on(
    fresh_server: InProcessServer,
) -> None:
    old, environment = fresh_server.register(), fresh_server.environment()
    new = rotate(fresh_server, old, None)
    app_id = old.application.id
    fresh_server.clock.advance(1)
    ids = {
        each.last_four: each.id
        for each in applications.find(environment.context, app_id, None).secrets
    }
    secret_operations.revoke(
        environment.context, OPERATOR, app_id, ids[new.secret.value[-4:]], None
    )

    assert not works(fresh_server, new)
    maintenance.flush(environment)
    environment.catch_up()
    assert works(fresh_server, old)


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_without_overlap_the_old_secret_ends_at_once(fresh_server: InProcessServer) -> None:
    old = fresh_server.register()
    assert works(fresh_server, old)
    new = rotate(fresh_server, old, timedelta(0))

    assert not works(fresh_server, old)
    assert works(fresh_server, new)


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_a_secret_that_is_ended_fails_at_once_and_the_other_goes_on(
    fresh_server: InProcessServer,
) -> None:
    old = fresh_server.register()
    new = rotate(fresh_server, old)
    assert works(fresh_server, old)
    secret_id = old.application.secrets[0].id
    secret_operations.revoke(
        fresh_server.environment().context, OPERATOR, old.application.id, secret_id, None
    )

    assert not works(fresh_server, old)
    assert works(fresh_server, new)


@pytest.mark.spec("RFC 6749", "3.2.1")
def test_tokens_outlive_the_secret_that_they_were_got_with(fresh_server: InProcessServer) -> None:
    old = fresh_server.register()
    token = fresh_server.token(old)
    new = rotate(fresh_server, old, timedelta(0))

    assert fresh_server.is_active(new, token)


def test_a_disabled_application_gets_no_token_until_it_is_enabled(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    for enabled in (True, False, True):
        applications.set_enabled(
            fresh_server.environment().context,
            OPERATOR,
            client.application.id,
            enabled=enabled,
            org_id=None,
        )

        assert works(fresh_server, client) == works(fresh_server, client) == enabled


def test_a_suspended_organization_gets_no_token_until_it_is_resumed(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    for suspended in (False, True, False):
        organization_lifecycle.set_suspended(
            fresh_server.environment().context,
            OPERATOR,
            client.application.org_id,
            suspended=suspended,
        )

        assert works(fresh_server, client) == works(fresh_server, client) == (not suspended)


def test_a_new_lifetime_holds_from_the_next_token_on(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    assert fresh_server.ask(client).json()["expires_in"] == 36000
    applications.change(
        fresh_server.environment().context,
        OPERATOR,
        client.application.id,
        None,
        token_lifetime=600,
    )

    assert fresh_server.ask(client).json()["expires_in"] == 600


def test_tokens_after_a_voiding_are_good(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    before = fresh_server.token(client)
    applications.revoke_tokens(
        fresh_server.environment().context, OPERATOR, client.application.id, None
    )
    fresh_server.clock.advance(0.001)
    after = fresh_server.token(client)

    assert not fresh_server.is_active(client, before)
    assert fresh_server.is_active(client, after)


def test_last_use_is_written_in_a_batch_with_time_source_and_agent(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    app_id = client.application.id
    fresh_server.ask(client, source="198.51.100.1")
    fresh_server.clock.advance(5)
    fresh_server.ask(client, source="198.51.100.2")

    assert applications.find(fresh_server.environment().context, app_id, None).last_used_at is None
    maintenance.flush(fresh_server.environment())
    found = applications.find(fresh_server.environment().context, app_id, None)
    assert found.last_used_at == fresh_server.environment().now()
    assert found.secrets[0].last_used_at == found.last_used_at
    assert found.last_used_from == "198.51.100.2"
    assert found.last_used_agent == "testclient"


def test_the_owner_sees_recent_refusals_with_their_reason_counted(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    for _ in range(3):
        fresh_server.ask(client.having(Secret("gps_live_wrong")))
    fresh_server.ask(client, scope="admin")
    maintenance.flush(fresh_server.environment())

    with fresh_server.environment().database.read() as connection:
        entries = [entry for _, entry in audit.page(connection, client.application.org_id)]
    refusals = [each.detail for each in entries if each.action == "client.refused"]
    client_id = client.application.client_id
    assert refusals == [
        {"client_id": client_id, "reason": "scope not allowed: admin", "times": "1"},
        {"client_id": client_id, "reason": "wrong secret", "times": "3"},
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda of, by, app: applications.change(of, by, app, None, name="New name"),
        lambda of, by, app: applications.change(of, by, app, None, token_lifetime=600),
        lambda of, by, app: applications.revoke_tokens(of, by, app, None),
        lambda of, by, app: secret_operations.rotate(of, by, app, HOUR, None),
    ],
)
def test_a_change_takes_nothing_from_a_client_that_is_still_good(
    fresh_server: InProcessServer, change: Callable[..., Any]
) -> None:
    client = fresh_server.register()
    assert works(fresh_server, client)
    change(fresh_server.environment().context, OPERATOR, client.application.id)

    assert works(fresh_server, client)
    assert works(fresh_server, client)
