"""What the endpoints count: the token line, end to end."""

from datetime import UTC, datetime

from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.model import FINE
from gatepass.server.environment import maintenance
from gatepass.wire.secret import Secret
from server.fixtures import Client, InProcessServer


def counted(server: InProcessServer, client: Client) -> dict[str, int]:
    maintenance.flush(server.environment())
    with server.environment().database.read() as connection:
        found = store.series(
            connection, client.application.id, datetime(2020, 1, 1, tzinfo=UTC), FINE
        )
    return {each.what: each.times for each in found}


def test_every_token_is_counted_also_those_that_are_granted_from_memory(
    fresh_server: InProcessServer,
) -> None:
    client = fresh_server.register()
    for _ in range(5):
        fresh_server.token(client)
    fresh_server.token(client, scope="read")

    assert counted(fresh_server, client) == {"issued": 6}


def test_refusals_are_counted_by_reason(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    fresh_server.ask(client.having(Secret("gps_live_wrong")))
    fresh_server.ask(client.having(Secret("gps_live_wronger")))
    fresh_server.ask(client, scope="admin")
    fresh_server.ask(client, resource="https://elsewhere.example")
    fresh_server.ask(client, grant_type="password")

    assert counted(fresh_server, client) == {
        "wrong_secret": 2,
        "scope_not_allowed": 1,
        "resource_not_allowed": 1,
        "grant_type": 1,
    }


def test_to_introspect_and_to_revoke_counts_no_token(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    token = fresh_server.token(client)
    fresh_server.introspect(client, token)
    fresh_server.revoke(client, token)

    assert counted(fresh_server, client) == {"issued": 1}


def test_what_an_unknown_client_did_is_counted_for_nobody(fresh_server: InProcessServer) -> None:
    client = fresh_server.register()
    fresh_server.ask(client._replace(application=fresh_server.register().application))

    assert counted(fresh_server, client) == {}


def test_pruning_merges_counts_of_long_ago(fresh_server: InProcessServer) -> None:
    client, environment = fresh_server.register(), fresh_server.environment()
    fresh_server.token(client)
    maintenance.flush(environment)
    fresh_server.clock.advance(8 * 24 * 3600)
    maintenance.prune(environment)

    with environment.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT span, times FROM usage").all()
    assert [tuple(row) for row in rows] == [(3600, 1)]
