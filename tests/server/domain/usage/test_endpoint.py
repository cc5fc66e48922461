"""What the endpoints count: the token line, end to end."""

from datetime import UTC, datetime

from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import FINE
from gatepass.server.environment import maintenance
from gatepass.wire.secret import Secret
from server.fixtures import Client, InProcessServer


def counted(stand: InProcessServer, client: Client) -> dict[str, int]:
    maintenance.flush(stand.environment())
    with stand.environment().database.read() as connection:
        found = store.series(
            connection, client.application.id, datetime(2020, 1, 1, tzinfo=UTC), FINE
        )
    return {each.what: each.times for each in found}


def test_every_token_is_counted_also_those_that_are_granted_from_memory(
    fresh: InProcessServer,
) -> None:
    client = fresh.register()
    for _ in range(5):
        fresh.token(client)
    fresh.token(client, scope="read")

    assert counted(fresh, client) == {"issued": 6}


def test_refusals_are_counted_by_reason(fresh: InProcessServer) -> None:
    client = fresh.register()
    fresh.ask(client.having(Secret("gps_live_wrong")))
    fresh.ask(client.having(Secret("gps_live_wronger")))
    fresh.ask(client, scope="admin")
    fresh.ask(client, resource="https://elsewhere.example")
    fresh.ask(client, grant_type="password")

    assert counted(fresh, client) == {
        "wrong_secret": 2,
        "scope_not_allowed": 1,
        "resource_not_allowed": 1,
        "grant_type": 1,
    }


def test_to_introspect_and_to_revoke_counts_no_token(fresh: InProcessServer) -> None:
    client = fresh.register()
    token = fresh.token(client)
    fresh.introspect(client, token)
    fresh.revoke(client, token)

    assert counted(fresh, client) == {"issued": 1}


def test_what_an_unknown_client_did_is_counted_for_nobody(fresh: InProcessServer) -> None:
    client = fresh.register()
    fresh.ask(client._replace(application=fresh.register().application))

    assert counted(fresh, client) == {}


def test_pruning_merges_counts_of_long_ago(fresh: InProcessServer) -> None:
    client, environment = fresh.register(), fresh.environment()
    fresh.token(client)
    maintenance.flush(environment)
    fresh.clock.advance(8 * 24 * 3600)
    maintenance.prune(environment)

    with environment.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT span, times FROM usage").all()
    assert [tuple(row) for row in rows] == [(3600, 1)]
