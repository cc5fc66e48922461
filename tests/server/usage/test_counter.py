"""Uses and refusals between two batches."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gatepass.server.applications import operations as applications
from gatepass.server.audit import store as audit
from gatepass.server.audit.model import Entry
from gatepass.server.usage.counter import LONGEST_AGENT, UsageCounter, Use, write
from server.stand import Client, Stand

AT = 1_800_000_000.25


def written(stand: Stand, client: Client, usage: UsageCounter) -> list[Entry]:
    """Write a batch and give the refusals in the organization's audit trail, oldest first."""
    batch = usage.take()
    assert batch is not None
    with stand.environment().database.write() as connection:
        write(connection, batch)
    with stand.environment().database.read() as connection:
        entries = audit.page(connection, client.application.org_id, limit=1000)
    return [entry for _, entry in reversed(entries) if entry.action == "client.refused"]


def use(client: Client, usage: UsageCounter, at: float = AT, agent: bytes = b"curl/8") -> None:
    (secret,) = client.application.secrets
    usage.used(Use(client.application, secret, at, "192.0.2.7", agent))


def test_the_last_use_of_a_batch_is_written_and_the_next_batch_is_empty(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    use(client, usage, AT - 1, b"older")
    use(client, usage)
    written(fresh, client, usage)

    found = applications.find(fresh.environment(), client.application.id, None)
    assert found.last_used_at == datetime.fromtimestamp(AT, UTC)
    assert (found.last_used_from, found.last_used_agent) == ("192.0.2.7", "curl/8")
    assert usage.take() is None


@pytest.mark.parametrize("agent", [b"", b"x" * 10_000, b"\xff\x00\x1b[31m", "\u00e4".encode()])
def test_whatever_agent_a_client_names_can_be_kept(fresh: Stand, agent: bytes) -> None:
    client, usage = fresh.register(), UsageCounter()
    use(client, usage, agent=agent)
    written(fresh, client, usage)

    found = applications.find(fresh.environment(), client.application.id, None)
    assert found.last_used_agent is not None
    assert len(found.last_used_agent) <= LONGEST_AGENT


def test_a_use_of_an_application_that_is_gone_is_dropped(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    gone = client._replace(application=replace(client.application, id=UUID(int=0)))
    use(gone, usage)

    assert written(fresh, client, usage) == []


def test_equal_refusals_are_counted_and_others_told_apart(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    for source in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        usage.refused(client.application, "wrong secret", source, AT)
    usage.refused(client.application, "expired secret", "192.0.2.7", AT)

    told = [
        (each.source, each.detail["reason"], each.detail["times"])
        for each in written(fresh, client, usage)
    ]
    assert told == [
        ("192.0.2.7", "wrong secret", "2"),
        ("192.0.2.8", "wrong secret", "1"),
        ("192.0.2.7", "expired secret", "1"),
    ]


def test_a_flood_of_refusals_is_bounded(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    for number in range(5_000):
        usage.refused(client.application, "wrong secret", f"source {number}", AT)

    assert len(written(fresh, client, usage)) == 200


def test_what_could_not_be_written_is_written_with_what_came_since(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    use(client, usage, AT - 1, b"older")
    for _ in range(2):
        usage.refused(client.application, "wrong secret", "192.0.2.7", AT - 1)
    batch = usage.take()
    assert batch is not None
    use(client, usage)
    usage.refused(client.application, "wrong secret", "192.0.2.7", AT)
    usage.put_back(batch)

    (told,) = written(fresh, client, usage)
    assert (told.at, told.detail["times"]) == (datetime.fromtimestamp(AT, UTC), "3")
    found = applications.find(fresh.environment(), client.application.id, None)
    assert found.last_used_agent == "curl/8"


def test_a_flood_of_refusals_is_bounded_while_nothing_can_be_written(fresh: Stand) -> None:
    client, usage = fresh.register(), UsageCounter()
    for number in range(1_000):
        usage.refused(client.application, "wrong secret", f"source {number}", AT)
        if number % 100 == 99 and (batch := usage.take()):
            usage.refused(client.application, "wrong secret", f"late {number}", AT)
            usage.put_back(batch)

    assert len(written(fresh, client, usage)) == 200
