"""Uses, tokens and refusals between two batches."""

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gatepass.server.domain.applications import operations as applications
from gatepass.server.domain.applications.cached_application import CachedApplication
from gatepass.server.domain.applications.model import Application, ApplicationSecret
from gatepass.server.domain.audit import store as audit
from gatepass.server.domain.audit.model import Entry
from gatepass.server.domain.throttling.hourly_limit import MOST_ROWS, HourlyLimit
from gatepass.server.domain.usage import store
from gatepass.server.domain.usage.counter import Batch, UsageCounter, write
from gatepass.server.domain.usage.model import (
    FINE,
    ISSUED,
    LONGEST_AGENT,
    CountKey,
    Refusal,
    Use,
)
from gatepass.wire.errors import OAuthError
from server.fixtures import Client, InProcessServer

AT = 1_800_000_000.25
WRONG = OAuthError("invalid_client", "No.", log_detail="wrong secret", reason="wrong_secret")
EXPIRED = OAuthError("invalid_client", "No.", log_detail="expired secret", reason="expired_secret")


def put(
    server: InProcessServer, usage: UsageCounter, at: float = AT, limit: HourlyLimit | None = None
) -> None:
    """Write a batch."""
    batch = usage.take(at)
    assert batch is not None
    with server.environment().database.write() as connection:
        write(connection, batch, limit or HourlyLimit(MOST_ROWS))


def recent(server: InProcessServer, client: Client) -> list[Refusal]:
    """Return the refusals in the order in which they were noted."""
    with server.environment().database.read() as connection:
        return store.recent(connection, client.application.id)[::-1]


def audited(server: InProcessServer, client: Client) -> list[Entry]:
    with server.environment().database.read() as connection:
        entries = audit.page(connection, client.application.org_id, limit=1000)
    return [entry for _, entry in reversed(entries) if entry.action == "client.refused"]


def counted(server: InProcessServer, client: Client) -> dict[tuple[int, str], int]:
    with server.environment().database.read() as connection:
        found = store.series(
            connection, client.application.id, datetime(2020, 1, 1, tzinfo=UTC), FINE
        )
    return {(int(each.start.timestamp()), each.what): each.times for each in found}


def cached(client: Client) -> CachedApplication:
    return CachedApplication.of(client.application)


def use(client: Client, usage: UsageCounter, at: float = AT, agent: bytes = b"curl/8") -> None:
    application = cached(client)
    (secret,) = application.secrets
    usage.used(Use(application, secret, at, "192.0.2.7", agent))


def refuse(
    client: Client,
    usage: UsageCounter,
    refused: OAuthError = WRONG,
    source: str = "192.0.2.7",
    at: float = AT,
    agent: bytes = b"curl/8",
) -> None:
    usage.refused(cached(client), refused, source, agent, at)


@contextmanager
def threads_that_switch_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_the_last_use_of_a_batch_is_written_and_the_next_batch_is_empty(
    fresh_server: InProcessServer,
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    use(client, usage, AT - 1, b"older")
    use(client, usage)
    put(fresh_server, usage)

    found = applications.find(fresh_server.environment().context, client.application.id, None)
    both: list[Application | ApplicationSecret] = [found, *found.secrets]
    for each in both:
        assert each.last_used_at == datetime.fromtimestamp(AT, UTC)
        assert (each.last_used_from, each.last_used_agent) == ("192.0.2.7", "curl/8")
    assert usage.take(AT) is None


@pytest.mark.parametrize("agent", [b"", b"x" * 10_000, b"\xff\x00\x1b[31m", "\u00e4".encode()])
def test_whatever_agent_a_client_names_can_be_kept(
    fresh_server: InProcessServer, agent: bytes
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    use(client, usage, agent=agent)
    refuse(client, usage, agent=agent)
    put(fresh_server, usage)

    found = applications.find(fresh_server.environment().context, client.application.id, None)
    (told,) = recent(fresh_server, client)
    assert found.last_used_agent == told.kind.agent
    assert len(told.kind.agent) <= LONGEST_AGENT
    assert "\0" not in told.kind.agent


def test_what_an_application_that_is_gone_did_is_dropped(fresh_server: InProcessServer) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    gone = client._replace(application=replace(client.application, id=UUID(int=0)))
    use(gone, usage)
    usage.issued(cached(gone))
    refuse(gone, usage)
    usage.issued(cached(client))
    put(fresh_server, usage)

    assert counted(fresh_server, client) == {(1_800_000_000, ISSUED): 1}
    assert counted(fresh_server, gone) == {}
    assert recent(fresh_server, gone) == []
    assert audited(fresh_server, gone) == []


def test_tokens_are_counted_in_the_span_in_which_they_were_gathered(
    fresh_server: InProcessServer,
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    for _ in range(3):
        usage.issued(cached(client))
    usage.collect(AT)
    for _ in range(2):
        usage.issued(cached(client))
    put(fresh_server, usage, AT + FINE)
    usage.issued(cached(client))
    put(fresh_server, usage, AT + FINE)

    start = 1_800_000_000
    assert counted(fresh_server, client) == {(start, ISSUED): 3, (start + FINE, ISSUED): 3}


def test_an_application_that_changed_meanwhile_is_still_one(fresh_server: InProcessServer) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    usage.issued(cached(client))
    usage.issued(CachedApplication.of(replace(client.application, name="New")))
    put(fresh_server, usage)

    assert counted(fresh_server, client) == {(1_800_000_000, ISSUED): 2}


def test_tokens_that_are_issued_while_others_are_taken_are_all_counted(
    fresh_server: InProcessServer,
) -> None:
    application, usage = cached(fresh_server.register()), UsageCounter()

    def issue() -> None:
        for _ in range(20_000):
            usage.issued(application)

    with threads_that_switch_often(), ThreadPoolExecutor(2) as threads:
        running = [threads.submit(issue) for _ in range(2)]
        found = 0
        while not all(each.done() for each in running):
            batch = usage.take(AT)
            found += batch.counts.total() if batch else 0
    batch = usage.take(AT)

    assert found + (batch.counts.total() if batch else 0) == 40_000


def test_equal_refusals_are_counted_and_others_told_apart(fresh_server: InProcessServer) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    for source in ("192.0.2.7", "192.0.2.7", "192.0.2.8"):
        refuse(client, usage, source=source)
    refuse(client, usage, EXPIRED)
    put(fresh_server, usage)

    assert [
        (each.kind.source, each.kind.note, each.times) for each in recent(fresh_server, client)
    ] == [
        ("192.0.2.7", "wrong secret", 2),
        ("192.0.2.8", "wrong secret", 1),
        ("192.0.2.7", "expired secret", 1),
    ]
    assert counted(fresh_server, client) == {
        (1_800_000_000, "wrong_secret"): 3,
        (1_800_000_000, "expired_secret"): 1,
    }


def test_a_kind_of_refusal_is_audited_once_however_long_it_goes_on(
    fresh_server: InProcessServer,
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    for second in range(0, 600, 2):
        refuse(client, usage, at=AT + second)
        put(fresh_server, usage, AT + second)

    (entry,) = audited(fresh_server, client)
    assert (entry.source, entry.detail["reason"], entry.detail["times"]) == (
        "192.0.2.7",
        "wrong secret",
        "1",
    )
    (told,) = recent(fresh_server, client)
    assert told.times == 300


def test_a_refusal_without_a_note_is_told_by_its_sentence(fresh_server: InProcessServer) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    refuse(client, usage, OAuthError("invalid_request", "The parameter grant_type is missing."))
    put(fresh_server, usage)

    (told,) = recent(fresh_server, client)
    assert told.kind[1:3] == ("malformed", "The parameter grant_type is missing.")


def test_a_flood_of_refusals_is_bounded_and_yet_counted(fresh_server: InProcessServer) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    for number in range(5_000):
        refuse(client, usage, source=f"source {number}")
    put(fresh_server, usage)

    assert len(recent(fresh_server, client)) == 200
    assert counted(fresh_server, client) == {(1_800_000_000, "wrong_secret"): 5_000}


@pytest.mark.parametrize(
    "source", ["192.0.2.7", "2001:db8::{:x}"], ids=["one address", "one IPv6 network"]
)
def test_a_flood_of_kinds_from_one_source_leaves_a_few_audit_entries_and_is_yet_shown(
    fresh_server: InProcessServer, source: str
) -> None:
    client, usage, limit = fresh_server.register(), UsageCounter(), HourlyLimit(MOST_ROWS)
    for number in range(150):
        agent = f"agent {number}".encode()
        refuse(client, usage, source=source.format(number), agent=agent)
        put(fresh_server, usage, limit=limit)

    assert len(audited(fresh_server, client)) == MOST_ROWS
    assert len(recent(fresh_server, client)) == 150
    (summary,) = limit.take(AT, is_last=True)
    assert (summary.times, summary.org_id) == (150 - MOST_ROWS, client.application.org_id)


def test_what_could_not_be_written_is_written_with_what_came_since(
    fresh_server: InProcessServer,
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    use(client, usage, AT - 1, b"older")
    usage.issued(cached(client))
    for _ in range(2):
        refuse(client, usage, at=AT - 1)
    batch = usage.take(AT - 1)
    assert batch is not None
    use(client, usage)
    usage.issued(cached(client))
    refuse(client, usage)
    usage.put_back(batch)
    put(fresh_server, usage)

    (told,) = recent(fresh_server, client)
    moments = (datetime.fromtimestamp(AT - 1, UTC), datetime.fromtimestamp(AT, UTC))
    assert (told.times, told.first_at, told.at) == (3, *moments)
    found = applications.find(fresh_server.environment().context, client.application.id, None)
    assert found.last_used_agent == "curl/8"
    assert sum(counted(fresh_server, client).values()) == 5


def test_a_flood_of_refusals_is_bounded_while_nothing_can_be_written(
    fresh_server: InProcessServer,
) -> None:
    client, usage = fresh_server.register(), UsageCounter()
    for number in range(1_000):
        refuse(client, usage, source=f"source {number}")
        if number % 100 == 99 and (batch := usage.take(AT)):
            refuse(client, usage, source=f"late {number}")
            usage.put_back(batch)
    put(fresh_server, usage)

    assert len(recent(fresh_server, client)) == 200
    assert sum(counted(fresh_server, client).values()) == 1_010


def test_uses_and_counts_are_bounded_while_nothing_can_be_written(
    fresh_server: InProcessServer,
) -> None:
    client, usage, most = fresh_server.register(), UsageCounter(), 500_000
    application = cached(client)
    (secret,) = application.secrets
    of_one = Use(application, secret, AT, "192.0.2.7", b"curl/8")
    uses = {(number.to_bytes(4), "192.0.2.7"): of_one for number in range(most + 10)}
    app_id = application.id_bytes
    counts = Counter({CountKey(app_id, at, ISSUED): 1 for at in range(most + 10)})
    use(client, usage)
    usage.issued(application)
    usage.collect(AT)

    assert usage.put_back(Batch(uses, counts, {})) == 22
    batch = usage.take(AT)
    assert batch
    assert (len(batch.uses), len(batch.counts)) == (most, most)
    assert (secret.digest, "192.0.2.7") in batch.uses
